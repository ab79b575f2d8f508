#include "examples/demo/sheet.h"

#include <algorithm>

namespace demo {
namespace {

constexpr Color kBackground{18, 20, 24}, kText{236, 238, 242}, kMuted{150, 157, 168}, kLine{52, 57, 66},
    kAccent{122, 196, 255};

// Distances in pixels.
constexpr int kMargin = 48, kGap = 24, kHeaderHeight = 128, kRowGap = 40, kHeadingHeight = 44, kLabelHeight = 60,
              kFooterHeight = 64;
// Heights of letters.
constexpr int kTitleSize = 40, kHeadingSize = 21, kLabelSize = 17, kDetailSize = 15;
constexpr int kLineHeight = 25;

int tiles_width(const Row& row) {
    int width = 0;
    for (const auto& tile : row.tiles) width += tile.picture.width + kGap;
    return width;
}

int text_width(const Row& row, const Font& regular, const Font& bold) {
    int width = 0;
    for (const auto& line : row.text)
        width = std::max(width, (line.strong ? bold : regular).width(line.text, kDetailSize));
    return width;
}

int tiles_height(const Row& row) {
    int height = 0;
    for (const auto& tile : row.tiles) height = std::max(height, tile.picture.height);
    return height;
}

int row_height(const Row& row) {
    return kHeadingHeight + tiles_height(row) + kLabelHeight;
}

void draw_row(Image& image, const Row& row, int top, const Font& regular, const Font& bold) {
    const int heading_end = bold.draw(image, kMargin, top + kHeadingSize, row.heading, kHeadingSize, kAccent);
    regular.draw(image, heading_end + 16, top + kHeadingSize, row.remark, kDetailSize, kMuted);
    int x = kMargin;
    const int y = top + kHeadingHeight;
    for (const auto& tile : row.tiles) {
        paste(image, tile.picture, x, y);
        frame(image, x - 1, y - 1, tile.picture.width + 2, tile.picture.height + 2, 1, kLine);
        bold.draw(image, x, y + tile.picture.height + 26, tile.title, kLabelSize, kText);
        regular.draw(image, x, y + tile.picture.height + 49, tile.detail, kDetailSize, kMuted);
        x += tile.picture.width + kGap;
    }
    int baseline = y + kDetailSize;
    for (const auto& line : row.text) {
        (line.strong ? bold : regular).draw(image, x, baseline, line.text, kDetailSize, line.strong ? kText : kMuted);
        baseline += line.text.empty() ? kLineHeight / 2 : kLineHeight;
    }
}

}  // namespace

Image draw(const Sheet& sheet, const Font& regular, const Font& bold) {
    int width = 0, height = kHeaderHeight + kFooterHeight;
    for (const auto& row : sheet.rows) {
        const int text = text_width(row, regular, bold);
        width = std::max(width, tiles_width(row) + (text > 0 ? text : -kGap));
        height += row_height(row) + (&row == &sheet.rows.back() ? 0 : kRowGap);
    }
    Image image(width + 2 * kMargin, height, kBackground);

    bold.draw(image, kMargin, 66, sheet.title, kTitleSize, kText);
    regular.draw(image, kMargin, 98, sheet.subtitle, kLabelSize, kMuted);
    int top = kHeaderHeight;
    for (const auto& row : sheet.rows) {
        draw_row(image, row, top, regular, bold);
        top += row_height(row) + kRowGap;
    }
    regular.draw(image, kMargin, height - 26, sheet.footer, kDetailSize, kMuted);
    return image;
}

}  // namespace demo

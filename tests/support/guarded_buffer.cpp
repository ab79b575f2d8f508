#include "tests/support/guarded_buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace polyphase::testing {

namespace {

size_t page_size() {
    return static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

GuardedBuffer::GuardedBuffer(size_t bytes, Side side, size_t gap) : bytes_(bytes) {
    const size_t page = page_size();
    length_ = std::max<size_t>((bytes + gap + page - 1) / page, 1) * page;
    void* map = mmap(nullptr, length_ + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::runtime_error("mmap of a guarded buffer failed");
    pages_ = static_cast<uint8_t*>(map) + page;
    if (mprotect(pages_, length_, PROT_READ | PROT_WRITE) != 0) throw std::runtime_error("mprotect failed");
    std::memset(pages_, kPoison, length_);
    data_ = side == Side::begin ? pages_ + gap : pages_ + length_ - bytes - gap;
}

GuardedBuffer::~GuardedBuffer() {
    munmap(pages_ - page_size(), length_ + 2 * page_size());
}

void GuardedBuffer::fill(uint8_t byte) {
    std::memset(data_, byte, bytes_);
}

bool GuardedBuffer::holds_only(uint8_t byte) const {
    return std::all_of(data_, data_ + bytes_, [byte](uint8_t b) { return b == byte; });
}

bool GuardedBuffer::surroundings_intact() const {
    const auto poisoned = [](uint8_t b) { return b == kPoison; };
    return std::all_of(pages_, data_, poisoned) && std::all_of(data_ + bytes_, pages_ + length_, poisoned);
}

void GuardedBuffer::make_read_only() {
    if (mprotect(pages_, length_, PROT_READ) != 0) throw std::runtime_error("mprotect failed");
}

}  // namespace polyphase::testing

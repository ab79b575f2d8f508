// The overlap map as a picture.
#pragma once

#include <cstddef>
#include <string>

#include "problem/problem.h"

namespace polyphase {

/// `file` for a single problem; with several, the problem's name goes before the extension.
std::string picture_name(const std::string& file, const Problem& problem, size_t problems);

/// Writes a PNG heat map: one cell per output of the last two axes, coloured by how many (input, tap) pairs reach it,
/// from none (dark) to most (bright). At most 64 x 64 outputs are shown. Throws BadInput if the file cannot be written.
void write_overlap_picture(const Problem& problem, const std::string& file);

}  // namespace polyphase

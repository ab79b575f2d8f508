// Memory between two pages that nobody may touch: a read or write outside it is a fault, not a lucky number.
#pragma once

#include <cstddef>
#include <cstdint>

namespace polyphase::testing {

class GuardedBuffer {
  public:
    /// Where the bytes lie: right behind the first guard page, or right before the second.
    enum class Side { begin, end };

    /// `bytes` bytes, `gap` bytes away from the guard page of `side`. Filled with kPoison, also around the bytes.
    GuardedBuffer(size_t bytes, Side side, size_t gap = 0);
    ~GuardedBuffer();
    GuardedBuffer(const GuardedBuffer&) = delete;
    GuardedBuffer& operator=(const GuardedBuffer&) = delete;

    void* data() const { return data_; }
    float* floats() const { return reinterpret_cast<float*>(data_); }
    size_t size() const { return bytes_; }

    /// Fills the bytes themselves.
    void fill(uint8_t byte);
    /// Every one of the bytes still holds `byte`.
    bool holds_only(uint8_t byte) const;
    /// The bytes between the data and the guard pages are as they were made.
    bool surroundings_intact() const;
    /// From now on a write is a fault.
    void make_read_only();

    static constexpr uint8_t kPoison = 0xCB;

  private:
    uint8_t* pages_ = nullptr;  // the first readable page
    size_t length_ = 0;         // of the readable pages
    uint8_t* data_ = nullptr;
    size_t bytes_ = 0;
};

}  // namespace polyphase::testing

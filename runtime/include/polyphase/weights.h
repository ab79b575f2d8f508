// Weights in a kernel's own layout, with the scratch memory that running with them needs.
#pragma once

#include <polyphase/allocator.h>
#include <polyphase/status.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace polyphase {

/// What every kernel's Weights share: the packed bytes and a few workspaces, in one block of memory.
///
/// A run claims a free workspace by an atomic flag: no lock, no allocation. When more threads run with the same weights
/// at once than these were packed for (`concurrent_runs`), the surplus runs take temporary workspaces from the
/// allocator; pack for more, or give `run` a workspace of your own, where that matters. A kernel that needs no
/// workspace never claims one.
class PackedWeights {
  public:
    /// A workspace for the length of one run.
    class Claim {
      public:
        Claim(std::atomic<std::uint32_t>* flag, void* data) noexcept : flag_(flag), data_(data) {}
        explicit Claim(Memory&& memory) noexcept : data_(memory.data()), memory_(std::move(memory)) {}
        Claim(const Claim&) = delete;
        Claim& operator=(const Claim&) = delete;
        ~Claim() {
            if (flag_ != nullptr) flag_->store(0, std::memory_order_release);
        }
        /// Null where the kernel needs none, or where memory ran out.
        void* data() const noexcept { return data_; }

      private:
        std::atomic<std::uint32_t>* flag_ = nullptr;
        void* data_ = nullptr;
        Memory memory_;
    };

    /// Whether packing worked, and why not; running with weights that failed to pack gives the same status.
    const Status& status() const noexcept { return status_; }
    explicit operator bool() const noexcept { return static_cast<bool>(status_); }
    /// The packed bytes, for the C functions; null if packing failed.
    const void* data() const noexcept { return status_ ? memory_.data() : nullptr; }
    std::size_t size() const noexcept { return packed_size_; }
    int concurrent_runs() const noexcept { return slots_; }

    Claim claim_workspace() const noexcept {
        if (workspace_size_ == 0) return Claim(nullptr, nullptr);
        for (int i = 0; i < slots_; ++i) {
            std::atomic<std::uint32_t>* flag = slot_flag(i);
            // A plain read first: a busy flag's cache line stays shared.
            if (flag->load(std::memory_order_relaxed) == 0 && flag->exchange(1, std::memory_order_acquire) == 0) {
                return Claim(flag, reinterpret_cast<unsigned char*>(flag) + kLine);
            }
        }
        return Claim(Memory(workspace_size_));
    }
    std::size_t workspace_size() const noexcept { return workspace_size_; }

    PackedWeights(PackedWeights&& other) noexcept
        : memory_(std::move(other.memory_)),
          packed_size_(other.packed_size_),
          workspace_size_(other.workspace_size_),
          slots_(other.slots_),
          status_(other.status_) {
        other.become_empty();
    }
    PackedWeights& operator=(PackedWeights&& other) noexcept {
        if (this != &other) {
            memory_ = std::move(other.memory_);
            packed_size_ = other.packed_size_;
            workspace_size_ = other.workspace_size_;
            slots_ = other.slots_;
            status_ = other.status_;
            other.become_empty();
        }
        return *this;
    }

  protected:
    PackedWeights() noexcept { become_empty(); }
    explicit PackedWeights(const Status& error) noexcept : status_(error) {}

    /// Memory for `packed_size` bytes and `concurrent_runs` (at least 1) workspaces of `workspace_size` bytes.
    PackedWeights(std::size_t packed_size, std::size_t workspace_size, int concurrent_runs) noexcept
        : packed_size_(packed_size),
          workspace_size_(workspace_size),
          slots_(workspace_size == 0 || concurrent_runs < 1 ? 1 : concurrent_runs) {
        const std::size_t slots = workspace_size == 0 ? 0 : static_cast<std::size_t>(slots_);
        if (slots > 0 && slot_size() > (SIZE_MAX - round_up(packed_size)) / slots) {
            status_ = Status(POLYPHASE_OUT_OF_MEMORY, "concurrent_runs: so many workspaces do not fit into memory");
            return;
        }
        memory_ = Memory(round_up(packed_size) + slots * slot_size());
        if (memory_.data() == nullptr) {
            status_ =
                Status(POLYPHASE_OUT_OF_MEMORY, "the allocator has no memory for the packed weights and workspaces");
            return;
        }
        for (std::size_t i = 0; i < slots; ++i) new (slot_address(static_cast<int>(i))) std::atomic<std::uint32_t>(0);
    }

    void* packed() noexcept { return memory_.data(); }
    void fail(const Status& error) noexcept { status_ = error; }

  private:
    static constexpr std::size_t kLine = 64;  // flag and workspace start on cache lines of their own

    static std::size_t round_up(std::size_t bytes) noexcept { return (bytes + kLine - 1) / kLine * kLine; }
    std::size_t slot_size() const noexcept { return kLine + round_up(workspace_size_); }
    unsigned char* slot_address(int index) const noexcept {
        return static_cast<unsigned char*>(memory_.data()) + round_up(packed_size_) +
               static_cast<std::size_t>(index) * slot_size();
    }
    std::atomic<std::uint32_t>* slot_flag(int index) const noexcept {
        return std::launder(reinterpret_cast<std::atomic<std::uint32_t>*>(slot_address(index)));
    }
    void become_empty() noexcept {
        packed_size_ = 0;
        workspace_size_ = 0;
        slots_ = 0;
        status_ = Status(POLYPHASE_WRONG_PACKED_WEIGHTS, "these weights hold nothing: never packed, or moved from");
    }

    Memory memory_;
    std::size_t packed_size_ = 0, workspace_size_ = 0;
    int slots_ = 0;
    Status status_;
};

}  // namespace polyphase

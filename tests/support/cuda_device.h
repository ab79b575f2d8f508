// A CUDA device for programs that check or measure kernels: an application's side of things, through the driver, which
// is found when the program runs. Everything here throws std::runtime_error with a sentence where the driver reports an
// error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace polyphase::testing {

/// The machine's first device, its primary context current on the calling thread.
class CudaDevice {
  public:
    /// Throws NoDevice.
    CudaDevice();
    ~CudaDevice();
    CudaDevice(const CudaDevice&) = delete;
    CudaDevice& operator=(const CudaDevice&) = delete;

    struct NoDevice {
        std::string why;
    };

    const std::string& name() const { return name_; }
    size_t memory_bytes() const { return memory_bytes_; }
    int multiprocessors() const { return attribute(16); }
    int l2_bytes() const { return attribute(38); }
    int clock_khz() const { return attribute(13); }
    /// 90 for capability 9.0.
    int capability() const { return 10 * attribute(75) + attribute(76); }
    /// 13000 for CUDA 13.0.
    int driver_version() const;
    /// Waits for it; false after an error that lasts as long as the context.
    bool works() const;

  private:
    int attribute(int which) const;

    int device_ = 0;
    std::string name_;
    size_t memory_bytes_ = 0;
};

/// Device memory. Around it lie bytes that nobody may write.
class DeviceMemory {
  public:
    /// Filled with bytes 0xff: NaNs, and indices that no tensor has.
    explicit DeviceMemory(size_t bytes);
    DeviceMemory(const void* values, size_t bytes);
    ~DeviceMemory();
    DeviceMemory(const DeviceMemory&) = delete;
    DeviceMemory& operator=(const DeviceMemory&) = delete;

    template <typename T>
    static DeviceMemory of(const std::vector<T>& values) {
        return DeviceMemory(values.data(), values.size() * sizeof(T));
    }

    void* data() const { return bytes_ == 0 ? nullptr : reinterpret_cast<void*>(whole_ + kGuard); }
    size_t size() const { return bytes_; }
    /// Waits for the device.
    template <typename T>
    std::vector<T> values() const {
        std::vector<T> result(bytes_ / sizeof(T));
        copy_to(result.data());
        return result;
    }
    bool surroundings_intact() const;

  private:
    static constexpr size_t kGuard = 1024;

    void copy_to(void* host) const;

    uint64_t whole_ = 0;
    size_t bytes_;
};

class DeviceStream {
  public:
    DeviceStream();
    ~DeviceStream();
    DeviceStream(const DeviceStream&) = delete;
    DeviceStream& operator=(const DeviceStream&) = delete;

    void* handle() const { return handle_; }
    void wait() const;
    /// Queues a copy.
    void copy(void* to, const void* from, size_t bytes) const;

    /// Milliseconds between events before and after what `queue` queues on this stream.
    double milliseconds(const std::function<void()>& queue) const;

  private:
    void* handle_ = nullptr;
};

/// What was queued on a stream, to be queued again at once.
class DeviceGraph {
  public:
    DeviceGraph(const DeviceStream& stream, const std::function<void()>& queue);
    ~DeviceGraph();
    DeviceGraph(const DeviceGraph&) = delete;
    DeviceGraph& operator=(const DeviceGraph&) = delete;

    void launch() const;

  private:
    const DeviceStream& stream_;
    void* graph_ = nullptr;
    void* executable_ = nullptr;
};

/// Machine code or PTX in memory, terminated by a zero if it is text.
class DeviceModule {
  public:
    explicit DeviceModule(const std::string& image);
    DeviceModule(const DeviceModule&) = delete;
    DeviceModule& operator=(const DeviceModule&) = delete;

    /// `arguments`: pointers to the kernel's parameters.
    void launch(const char* kernel, unsigned blocks, unsigned threads, const DeviceStream& stream,
                std::vector<void*> arguments) const;

  private:
    void* module_ = nullptr;
};

}  // namespace polyphase::testing

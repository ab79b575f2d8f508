// Our kernels, as an application in any language would use them: compiled to shared libraries, called through the C
// ABI.
#include <dlfcn.h>
#include <polyphase/allocator.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <new>

#include "bench/compare/contender.h"
#include "problem/names.h"
#include "problem/problem_file.h"
#include "tools/process.h"

namespace polyphase::compare {
namespace {

namespace fs = std::filesystem;

/// A generated library. It stays loaded: its threads may still be waiting for work when the process ends.
class Kernel {
  public:
    Kernel(const std::string& path, const std::string& name) {
        setup.creation_ms = milliseconds([&] { library_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL); });
        if (!library_) throw std::runtime_error(dlerror());
        const auto find = [&]<typename Function>(Function*& function, const std::string& symbol) {
            function = reinterpret_cast<Function*>(dlsym(library_, symbol.c_str()));
        };
        find(pack, name + "_pack");
        find(run, name + "_run");
        find(run_indexed, name + "_run_indexed");
        find(packed_size, name + "_packed_size");
        find(workspace_size, name + "_workspace_size");
        find(set_num_threads, "polyphase_set_num_threads");
        find(get_allocator, "polyphase_get_allocator");
        find(last_error, "polyphase_last_error");
    }

    void check(int status) const {
        if (status) throw std::runtime_error(last_error());
    }

    size_t (*packed_size)() = nullptr;
    size_t (*workspace_size)() = nullptr;
    int (*pack)(const void* weights, const void* bias, void* packed) = nullptr;
    int (*run)(const void* input, const void* packed, void* output, void* workspace) = nullptr;
    int (*run_indexed)(const void* input, const int64_t* indices, void* output, void* workspace) = nullptr;
    void (*set_num_threads)(int) = nullptr;
    polyphase_allocator (*get_allocator)() = nullptr;
    const char* (*last_error)() = nullptr;
    Setup setup;  ///< filled by the first contender that uses it

  private:
    void* library_ = nullptr;
};

/// Loaded once per process, whatever the number of threads.
Kernel& load(const std::string& path, const std::string& name) {
    static std::map<std::string, std::unique_ptr<Kernel>> loaded;
    std::unique_ptr<Kernel>& kernel = loaded[path];
    if (!kernel) kernel = std::make_unique<Kernel>(path, name);
    return *kernel;
}

/// Packed weights and workspace lie where the C++ functions put them: in memory of the library's own allocator.
class OwnMemory {
  public:
    OwnMemory(const polyphase_allocator& allocator, size_t bytes) : allocator_(allocator), bytes_(bytes) {
        constexpr size_t kAlignment = 64;
        if (bytes > 0) data_ = allocator.allocate(allocator.context, bytes, kAlignment);
        if (bytes > 0 && data_ == nullptr) throw std::bad_alloc();
    }
    ~OwnMemory() {
        if (data_ != nullptr) allocator_.release(allocator_.context, data_, bytes_);
    }
    OwnMemory(const OwnMemory&) = delete;
    OwnMemory& operator=(const OwnMemory&) = delete;
    void* data() const { return data_; }

  private:
    polyphase_allocator allocator_;
    size_t bytes_;
    void* data_ = nullptr;
};

class PolyphaseContender : public Contender {
  public:
    PolyphaseContender(const Work& work, Kernel& kernel, int threads)
        : kernel_(kernel),
          threads_(threads),
          has_weights_(!work.weights.empty()),
          indices_(work.indices),
          input_(work.input),
          packed_(kernel.get_allocator(), kernel.packed_size()),
          workspace_(kernel.get_allocator(), kernel.workspace_size()),
          output_elements_(static_cast<size_t>(output_elements(work.problem))),
          output_(output_elements_ * sizeof(float)) {
        use_threads();
        const bool fresh = kernel.setup.first_run_ms == 0;
        const double pack_ms = !has_weights_ ? 0 : milliseconds([&] {
            kernel_.check(
                kernel_.pack(work.weights.data(), work.bias.empty() ? nullptr : work.bias.data(), packed_.data()));
        });
        const double first_run_ms = milliseconds([&] { run(); });
        if (fresh) {
            kernel.setup.pack_ms = pack_ms;
            kernel.setup.first_run_ms = first_run_ms;
        }
        setup = kernel.setup;
    }

    void use_threads() override { kernel_.set_num_threads(threads_); }

    void run() override {
        kernel_.check(indices_.empty()
                          ? kernel_.run(input_.data(), packed(), output_.data(), workspace_.data())
                          : kernel_.run_indexed(input_.data(), indices_.data(), output_.data(), workspace_.data()));
    }

    std::vector<float> output() override { return {output_.data(), output_.data() + output_elements_}; }

  private:
    const void* packed() const { return has_weights_ ? packed_.data() : nullptr; }

    Kernel& kernel_;
    const int threads_;
    const bool has_weights_;
    const std::vector<int64_t> indices_;
    Buffer input_;
    const OwnMemory packed_, workspace_;
    const size_t output_elements_;
    Buffer output_;
};

std::unique_ptr<Contender> prepare(const Work& work, int threads, const std::string& compiler,
                                   const fs::path& directory, const std::string& target) {
    const std::string& name = work.problem.name;
    fs::create_directories(directory);
    const fs::path file = directory / (name + ".problem.json");
    Problem problem = work.problem;
    problem.machine = "host";  // as the others, which choose by the processor that they run on
    std::ofstream(file) << to_json(problem).dump() << '\n';
    run_program({compiler, "compile", file.string(), "--out", directory.string(), "--target", target, "--shared"});
    return polyphase_contender(work, (directory / ("lib" + name + ".so")).string(), threads);
}

}  // namespace

std::unique_ptr<Contender> polyphase_contender(const Work& work, const std::string& file, int threads) {
    return std::make_unique<PolyphaseContender>(work, load(file, work.problem.name), threads);
}

std::vector<Library> polyphase_libraries(const std::string& compiler, const std::string& cache, InstructionSet isa) {
    const std::string target =
        isa == InstructionSet::avx512 ? "x86-64-linux-avx512_skylake" : "x86-64-linux-avx2-f16c-fma";
    std::vector<Library> libraries;
    for (const auto& [layout, layout_name] : kLayouts) {
        const std::string text(layout_name);
        const fs::path directory = fs::absolute(cache) / target / text;
        libraries.push_back({"polyphase", text, layout, [=](const Work& work, int threads) {
                                 return prepare(work, threads, compiler, directory, target);
                             }});
    }
    return libraries;
}

}  // namespace polyphase::compare

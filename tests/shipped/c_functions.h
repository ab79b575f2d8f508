// The C functions of a kernel's shared library, by the rest of their names.
#pragma once

#include <dlfcn.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace polyphase::testing {

/// libNAME.so. Throws std::runtime_error if it or a function cannot be found. Nobody closes it but `close`.
class CFunctions {
  public:
    CFunctions(const std::string& file, std::string name)
        : handle_(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)), name_(std::move(name)) {
        if (!handle_) throw std::runtime_error(dlerror());
    }
    void close() const { dlclose(handle_); }

    /// All functions that work take pointers alone, and one convention passes pointers of any type.
    template <typename... Pointers>
    int call(const std::string& what, Pointers... pointers) const {
        return function<int(Pointers...)>(what)(pointers...);
    }
    size_t size(const std::string& what) const { return function<size_t()>(what)(); }
    std::string last_error(const std::string& what, int status) const {
        return what + " returned " + std::to_string(status) + ": " + function<const char*()>("last_error")();
    }

  private:
    template <typename Function>
    Function* function(const std::string& what) const {
        void* found = dlsym(handle_, (name_ + "_" + what).c_str());
        if (!found) throw std::runtime_error(dlerror());
        return reinterpret_cast<Function*>(found);
    }

    void* handle_;
    std::string name_;
};

}  // namespace polyphase::testing

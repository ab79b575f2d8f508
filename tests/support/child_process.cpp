#include "tests/support/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>

extern char** environ;

namespace polyphase::testing {

namespace {

std::vector<std::string> child_environment(const ChildOptions& options) {
    std::vector<std::string> result;
    for (char** entry = environ; *entry; ++entry) {
        const std::string text = *entry;
        bool replaced = false;
        for (const auto& [name, value] : options.environment) replaced |= text.rfind(name + "=", 0) == 0;
        if (!replaced) result.push_back(text);
    }
    for (const auto& [name, value] : options.environment) result.push_back(name + "=" + value);
    return result;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (std::string& text : strings) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

}  // namespace

ChildResult run_child(const std::vector<std::string>& arguments, const ChildOptions& options) {
    std::array<int, 2> out{}, err{};
    if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    if (!options.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, options.directory.c_str());
    std::vector<std::string> argument_copies = arguments, environment = child_environment(options);
    pid_t child = 0;
    const int failed = posix_spawnp(&child, arguments.at(0).c_str(), &actions, nullptr,
                                    pointers(argument_copies).data(), pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    close(err[1]);
    ChildResult result;
    if (failed == 0) {
        std::array<pollfd, 2> polled = {pollfd{out[0], POLLIN, 0}, pollfd{err[0], POLLIN, 0}};
        int open = 2;
        while (open > 0 && poll(polled.data(), polled.size(), -1) > 0) {
            for (pollfd& one : polled) {
                if (one.fd < 0 || one.revents == 0) continue;
                std::array<char, 4096> chunk{};
                const ssize_t got = read(one.fd, chunk.data(), chunk.size());
                if (got > 0) {
                    (one.fd == out[0] ? result.output : result.error).append(chunk.data(), static_cast<size_t>(got));
                } else {
                    one.fd = -1;
                    --open;
                }
            }
        }
    }
    close(out[0]);
    close(err[0]);
    if (failed != 0) throw std::runtime_error("cannot run " + arguments[0] + ": " + std::strerror(failed));
    int status = 0;
    waitpid(child, &status, 0);
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

}  // namespace polyphase::testing

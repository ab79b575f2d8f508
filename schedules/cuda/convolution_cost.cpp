#include "schedules/cuda/convolution.h"

namespace polyphase::cuda {

std::vector<Schedule> convolution_candidates(const Problem&) {
    return {};
}

std::optional<std::string> reject_convolution(const Problem&, const Schedule& schedule) {
    return "schedule: field family: expected reference, found " + schedule.family;
}

}  // namespace polyphase::cuda

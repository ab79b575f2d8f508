// Every public header in C++17 without exceptions or RTTI.
#include <polyphase/polyphase.h>

#include "tests/runtime/fakes/near2.h"
#include "tests/runtime/fakes/skip1.h"
#include "tests/runtime/fakes/up1.h"

polyphase::Status use_every_template(float* data) {
    const up1::Weights weights = up1::pack(data, data);
    const skip1::Weights skip_weights = skip1::pack(data, data, 2);
    if (polyphase::Status s = up1::run(data, weights, data); !s) return s;
    if (polyphase::Status s = skip1::run(data, skip_weights, data, data, {data, 4}); !s) return s;
    return near2::run(data, data);
}

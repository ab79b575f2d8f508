// Status and TensorView alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <polyphase/polyphase.h>

#include <span>
#include <string>
#include <vector>

namespace {

using polyphase::Status;
using polyphase::TensorView;
using In = TensorView<const float, 4>;
using Out = TensorView<float, 4>;
using Kind = In::Kind;

TEST(StatusTest, SuccessByDefault) {
    const Status status;
    EXPECT_TRUE(status);
    EXPECT_EQ(status.code(), POLYPHASE_OK);
    EXPECT_STREQ(status.message(), "");
}

TEST(StatusTest, CarriesCodeAndMessageThroughCopies) {
    Status status(POLYPHASE_WRONG_SHAPE, "up1: no");
    const Status copy = status;
    status = Status();
    EXPECT_TRUE(status);
    EXPECT_STREQ(status.message(), "");
    status = copy;
    for (const Status& s : {status, copy}) {
        EXPECT_FALSE(s);
        EXPECT_EQ(s.code(), POLYPHASE_WRONG_SHAPE);
        EXPECT_STREQ(s.message(), "up1: no");
    }
}

TEST(StatusTest, CutsLongMessages) {
    const Status status(POLYPHASE_WRONG_SIZE, std::string(10000, 'x').c_str());
    EXPECT_EQ(std::string(status.message()), std::string(255, 'x'));
}

TEST(TensorViewTest, FromPointerTrustsTheSize) {
    float x = 0;
    const In view = &x;
    EXPECT_EQ(view.data(), &x);
    EXPECT_EQ(view.kind(), Kind::exact);
    EXPECT_EQ(In(nullptr).data(), nullptr);
}

TEST(TensorViewTest, FromContainersKnowsTheSize) {
    std::vector<float> vector(6);
    const std::vector<float> constant(7);
    std::array<float, 8> array{};
    float plain[9] = {};
    for (const auto& [view, size] : {std::pair{In(vector), 6},
                                     {In(constant), 7},
                                     {In(array), 8},
                                     {In(plain), 9},
                                     {In(std::span<float>(vector).first(2)), 2},
                                     {In(std::span<const float>(constant)), 7}}) {
        EXPECT_EQ(view.kind(), Kind::sized);
        EXPECT_EQ(view.size(), size);
    }
    EXPECT_EQ(Out(vector).data(), vector.data());
    EXPECT_EQ(Out(std::span<float>(vector)).size(), 6);
}

// What must not compile does not.
static_assert(!std::is_constructible_v<Out, const std::vector<float>&>, "an output is not const");
static_assert(!std::is_constructible_v<Out, In>, "an input view does not become an output view");
static_assert(!std::is_constructible_v<In, std::vector<double>&>, "the element type is fixed");
static_assert(!std::is_constructible_v<In, const double*>, "the element type is fixed");
static_assert(!std::is_constructible_v<In, TensorView<float, 3>>, "the rank is fixed");
static_assert(std::is_convertible_v<Out, In>, "an output view can be read");
static_assert(std::is_convertible_v<std::vector<float>&, Out> && std::is_convertible_v<float*, In>,
              "arguments need no casts");

TEST(TensorViewTest, WithShapeIsDenseUnlessStridesSayOtherwise) {
    float x = 0;
    const Out dense(&x, {2, 3, 4, 5});
    EXPECT_EQ(dense.kind(), Out::Kind::shaped);
    EXPECT_EQ(dense.size(), 120);
    EXPECT_THAT(dense.strides(), testing::ElementsAre(60, 20, 5, 1));
    Out output(&x, {2, 3, 4, 5}, {100, 30, 7, 1});
    const In strided = output;
    EXPECT_EQ(strided.kind(), Kind::shaped);
    EXPECT_THAT(strided.shape(), testing::ElementsAre(2, 3, 4, 5));
    EXPECT_THAT(strided.strides(), testing::ElementsAre(100, 30, 7, 1));
}

TEST(TensorViewTest, SlicesInPlace) {
    std::vector<float> memory(2 * 6 * 4 * 5);
    const Out whole(memory.data(), {2, 6, 4, 5});
    const Out channels = channel_slice(whole, 4, 2);
    EXPECT_EQ(channels.data(), memory.data() + 4 * 20);
    EXPECT_THAT(channels.shape(), testing::ElementsAre(2, 2, 4, 5));
    EXPECT_THAT(channels.strides(), testing::ElementsAre(120, 20, 5, 1));
    EXPECT_EQ(channels.size(), 80);

    const Out crop = whole.slice(2, 1, 3).slice(3, 2, 2);
    EXPECT_EQ(crop.data(), memory.data() + 5 + 2);
    EXPECT_THAT(crop.shape(), testing::ElementsAre(2, 6, 3, 2));

    const Out last = channel_slice_last(whole, 1, 4);
    EXPECT_EQ(last.data(), memory.data() + 1);
    EXPECT_THAT(last.shape(), testing::ElementsAre(2, 6, 4, 4));
}

TEST(TensorViewTest, SlicesThatLeaveTheTensorAreMalformed) {
    std::vector<float> memory(120);
    const Out whole(memory.data(), {2, 3, 4, 5});
    const int64_t huge = INT64_MAX;
    for (const auto& [dimension, first, count] : std::vector<std::tuple<int, int64_t, int64_t>>{
             {1, 2, 2}, {1, -1, 2}, {1, 0, 0}, {1, 0, -1}, {4, 0, 1}, {-1, 0, 1}, {1, huge, huge}, {1, 1, huge}}) {
        EXPECT_EQ(whole.slice(dimension, first, count).kind(), Out::Kind::malformed)
            << dimension << " " << first << " " << count;
    }
    EXPECT_EQ(Out(memory).slice(1, 0, 1).kind(), Out::Kind::malformed) << "a container has no shape";
    EXPECT_EQ(whole.slice(1, 5, 5).slice(1, 0, 1).kind(), Out::Kind::malformed) << "malformed stays malformed";
}

}  // namespace

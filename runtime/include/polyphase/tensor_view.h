// A tensor argument: where it lies and, where it is not dense, how.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>

namespace polyphase {

/// Extents or element strides of a tensor in memory order, outermost dimension first.
template <int Rank>
using Extents = std::array<std::int64_t, Rank>;

template <std::size_t Rank>
constexpr std::array<std::int64_t, Rank> dense_strides(const std::array<std::int64_t, Rank>& shape) noexcept {
    std::array<std::int64_t, Rank> strides{};
    std::uint64_t stride = 1;
    for (std::size_t i = Rank; i-- > 0;) {
        strides[i] = static_cast<std::int64_t>(stride);
        stride *= static_cast<std::uint64_t>(shape[i]);
    }
    return strides;
}

/// Product of the extents, modulo 2^64: views may be given any shape, and only right ones are used.
template <std::size_t Rank>
constexpr std::int64_t element_count(const std::array<std::int64_t, Rank>& shape) noexcept {
    std::uint64_t count = 1;
    for (std::int64_t extent : shape) count *= static_cast<std::uint64_t>(extent);
    return static_cast<std::int64_t>(count);
}

template <class T, int Rank>
class TensorView;

template <class>
inline constexpr bool kIsTensorView = false;
template <class T, int Rank>
inline constexpr bool kIsTensorView<TensorView<T, Rank>> = true;

/// A tensor that somebody else owns. It is made from
///  - a pointer to exactly the elements that the callee expects, dense;
///  - anything with contiguous data() and size() (std::vector, std::array, std::span), dense, whose size the callee
///  checks;
///  - a pointer with a shape and, where it is not dense, strides in elements. The innermost stride must be 1.
/// `T` is const for inputs. Dimensions are in memory order, outermost first: [N, C, H, W] or [N, H, W, C].
template <class T, int Rank>
class TensorView {
    static_assert(Rank >= 1);

    // T2* converts to T* without changing the element type (only const may be added).
    template <class T2>
    static constexpr bool kSameElements = std::is_convertible_v<T2 (*)[], T (*)[]>;
    template <class C>
    using ContainerElement = std::remove_pointer_t<decltype(std::data(std::declval<C&>()))>;

  public:
    /// How much the view knows about itself.
    enum class Kind {
        exact,      ///< a pointer; the callee trusts its size
        sized,      ///< a dense container; size() is known
        shaped,     ///< shape and strides are known
        malformed,  ///< a slice that left its tensor; every callee refuses it
    };

    using Shape = Extents<Rank>;

    constexpr TensorView() noexcept = default;
    constexpr TensorView(std::nullptr_t) noexcept {}
    constexpr TensorView(T* data) noexcept : data_(data) {}

    template <class C, class Element = ContainerElement<C>, class = decltype(std::size(std::declval<C&>())),
              class = std::enable_if_t<kSameElements<Element> && !kIsTensorView<std::decay_t<C>>>>
    constexpr TensorView(C&& container) noexcept
        : data_(std::data(container)), kind_(Kind::sized), size_(static_cast<std::int64_t>(std::size(container))) {}

    constexpr TensorView(T* data, const Extents<Rank>& shape) noexcept
        : TensorView(data, shape, dense_strides(shape)) {}
    constexpr TensorView(T* data, const Extents<Rank>& shape, const Extents<Rank>& strides) noexcept
        : data_(data), kind_(Kind::shaped), size_(element_count(shape)), shape_(shape), strides_(strides) {}

    template <class T2, class = std::enable_if_t<kSameElements<T2> && !std::is_same_v<T, T2>>>
    constexpr TensorView(const TensorView<T2, Rank>& other) noexcept
        : data_(other.data()),
          kind_(static_cast<Kind>(other.kind())),
          size_(other.size()),
          shape_(other.shape()),
          strides_(other.strides()) {}

    constexpr T* data() const noexcept { return data_; }
    constexpr Kind kind() const noexcept { return kind_; }
    /// Number of elements; 0 for Kind::exact, which does not know.
    constexpr std::int64_t size() const noexcept { return size_; }
    /// Zeros unless the kind is shaped.
    constexpr const Extents<Rank>& shape() const noexcept { return shape_; }
    constexpr const Extents<Rank>& strides() const noexcept { return strides_; }

    /// The part first <= index < first + count of one dimension, in place. With the channel dimension (1 in [N, C, H,
    /// W], Rank - 1 in [N, H, W, C]) an output becomes a part of a larger tensor, which saves a concatenation; with a
    /// spatial one it is a crop. Only shaped views can be sliced; a slice that is empty or leaves the tensor is
    /// malformed.
    constexpr TensorView slice(int dimension, std::int64_t first, std::int64_t count) const noexcept {
        TensorView result = *this;
        const bool fits = kind_ == Kind::shaped && dimension >= 0 && dimension < Rank && first >= 0 && count >= 1 &&
                          count <= shape_[static_cast<std::size_t>(dimension)] &&
                          first <= shape_[static_cast<std::size_t>(dimension)] - count;
        if (!fits) {
            result.kind_ = Kind::malformed;
            return result;
        }
        const auto d = static_cast<std::size_t>(dimension);
        if (data_ != nullptr) result.data_ = data_ + first * strides_[d];
        result.shape_[d] = count;
        result.size_ = element_count(result.shape_);
        return result;
    }

  private:
    T* data_ = nullptr;
    Kind kind_ = Kind::exact;
    std::int64_t size_ = 0;
    Extents<Rank> shape_{};
    Extents<Rank> strides_{};
};

/// A slice along the channels of a tensor whose channels come second ([N, C, spatial...]).
template <class T, int Rank>
constexpr TensorView<T, Rank> channel_slice(const TensorView<T, Rank>& tensor, std::int64_t first,
                                            std::int64_t count) noexcept {
    return tensor.slice(1, first, count);
}

/// A slice along the channels of a tensor whose channels come last ([N, spatial..., C]).
template <class T, int Rank>
constexpr TensorView<T, Rank> channel_slice_last(const TensorView<T, Rank>& tensor, std::int64_t first,
                                                 std::int64_t count) noexcept {
    return tensor.slice(Rank - 1, first, count);
}

}  // namespace polyphase

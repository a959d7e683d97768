// The table of a module's kernels: unpack void** by the kernel's own parameter types, and say how large they are and which are pointers.
#pragma once
namespace sw {
template <class T> struct is_pointer { enum { value = 0 }; };
template <class T> struct is_pointer<T*> { enum { value = 1 }; };
template <class T> struct plain { typedef T type; };
template <class T> struct plain<const T> { typedef T type; };
template <class T> struct plain<T* __restrict> { typedef T* type; };
template <class T> struct plain<T* __restrict const> { typedef T* type; };
template <size_t... I> struct sequence {};
template <size_t N, size_t... I> struct count_to : count_to<N - 1, N - 1, I...> {};
template <size_t... I> struct count_to<0, I...> { typedef sequence<I...> type; };

template <class... A> struct signature {
    template <void (*F)(A...)> struct of {
        template <size_t... I> static SW_OWN void unpack(void** p, sequence<I...>) { F(*(typename plain<A>::type*)p[I]...); }
        static SW_OWN void call(void** p) { unpack(p, typename count_to<sizeof...(A)>::type()); }
        enum { count = sizeof...(A) };
        static constexpr SwParameter parameters[sizeof...(A) + 1] = {
            {sizeof(A), alignof(A), is_pointer<typename plain<A>::type>::value}..., {0, 0, 0}};
    };
};
template <class... A> signature<A...> signature_of(void (*)(A...));
template <auto F> struct entry : decltype(signature_of(F))::template of<F> {};
}

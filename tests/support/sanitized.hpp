// Whether this build looks for errors of memory and threads, which takes its time.
#pragma once

namespace multiping::test {

/// True under a sanitizer: there figures of time and memory mean nothing, and thousands find what millions do.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace multiping::test

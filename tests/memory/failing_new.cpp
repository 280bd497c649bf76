// operator new uses malloc(3), as that of the standard library does.
// See failing_new.hpp.
#include "memory/failing_new.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace multiping::test {
namespace {

std::atomic<bool> armed{false};
std::atomic<std::size_t> asked{0}, failing{0};
std::atomic<long long> pieces_held{0}, bytes_held{0};

bool may_have() noexcept { return !armed.load() || ++asked != failing.load(); }

void* counted(void* memory) noexcept {
  if (memory == nullptr) return nullptr;
  ++pieces_held;
  bytes_held += static_cast<long long>(::malloc_usable_size(memory));
  return memory;
}

void* allocate(std::size_t size) noexcept {
  if (!may_have()) return nullptr;
  return counted(std::malloc(size == 0 ? 1 : size));
}

void* allocate(std::size_t size, std::align_val_t alignment) noexcept {
  if (!may_have()) return nullptr;
  const auto boundary = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(boundary, (size + boundary - 1) / boundary * boundary));
}

void* or_throw(void* memory) {
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

void release(void* memory) noexcept {
  if (memory == nullptr) return;
  --pieces_held;
  bytes_held -= static_cast<long long>(::malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void arm(std::size_t number) {
  asked = 0;
  failing = number;
  armed = true;
}

std::size_t disarm() noexcept {
  armed = false;
  return asked;
}

long long pieces_in_use() noexcept { return pieces_held; }
long long bytes_in_use() noexcept { return bytes_held; }

}  // namespace multiping::test

using multiping::test::allocate;
using multiping::test::or_throw;
using multiping::test::release;

void* operator new(std::size_t size) { return or_throw(allocate(size)); }
void* operator new[](std::size_t size) { return or_throw(allocate(size)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment) { return or_throw(allocate(size, alignment)); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return or_throw(allocate(size, alignment)); }
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(size, alignment);
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept { release(memory); }

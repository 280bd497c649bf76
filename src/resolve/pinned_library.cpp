// The shared library is linked with -z nodelete as well; this is for the static library inside a plugin.
// See pinned_library.hpp.
#include "resolve/pinned_library.hpp"

#include <dlfcn.h>

namespace multiping::resolver {

/// RTLD_NODELETE belongs to the object, not to the handle, so the handle can be closed.
void pin_own_object() noexcept {
  Dl_info object{};
  if (::dladdr(reinterpret_cast<const void*>(&pin_own_object), &object) == 0 || object.dli_fname == nullptr) return;
  if (void* const handle = ::dlopen(object.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE)) ::dlclose(handle);
}

}  // namespace multiping::resolver

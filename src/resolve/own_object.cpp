// See own_object.hpp.
// The shared library is linked with -z nodelete too; this is for the static one inside a plugin.
#include "resolve/own_object.hpp"

#include <dlfcn.h>

namespace multiping::resolver {

/// RTLD_NODELETE holds for the object, whoever closes it; the handle itself is not needed any more.
void pin_own_object() noexcept {
  Dl_info object{};
  if (::dladdr(reinterpret_cast<const void*>(&pin_own_object), &object) == 0 || object.dli_fname == nullptr) return;
  if (void* const handle = ::dlopen(object.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE)) ::dlclose(handle);
}

}  // namespace multiping::resolver

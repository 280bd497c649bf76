// Keeps the shared object that this code is part of in memory: a library, a plugin, or the program.
// The thread of an abandoned lookup still runs its code.
#pragma once

namespace multiping::resolver {

/// From now on dlclose(3) leaves the shared object in memory. Has no effect when it is the program itself.
void pin_own_object() noexcept;

}  // namespace multiping::resolver

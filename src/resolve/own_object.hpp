// The shared object that this code is a part of: a library, a plugin, or the program.
// A thread that is left behind runs its code, so it must stay where it is.
#pragma once

namespace multiping::resolver {

/// From now on dlclose(3) leaves the shared object in memory. Nothing happens where it is the program itself.
void pin_own_object() noexcept;

}  // namespace multiping::resolver

// Marks what a shared multiping library shows to programs; everything else stays hidden.
// Nothing to define: the attribute is harmless in a static library.
#pragma once

#define MULTIPING_EXPORT __attribute__((visibility("default")))

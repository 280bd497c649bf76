# find_package(guest): libraries that link multiping.
include(CMakeFindDependencyMacro)
find_dependency(multiping)
include(${CMAKE_CURRENT_LIST_DIR}/guest-targets.cmake)

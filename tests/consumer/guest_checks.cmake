# What multiping leaves alone where it is a guest: it builds its library and no more, and sets nothing of its host's.
get_property(guest_folders DIRECTORY ${MULTIPING_SOURCE} PROPERTY SUBDIRECTORIES)
if(NOT guest_folders STREQUAL "${MULTIPING_SOURCE}/src")
  message(FATAL_ERROR "multiping builds more than its library here: ${guest_folders}")
endif()
if(CMAKE_BUILD_TYPE OR DEFINED CACHE{BUILD_TESTING})
  message(FATAL_ERROR "multiping chose the build type or the tests of its host: ${CMAKE_BUILD_TYPE} ${BUILD_TESTING}")
endif()

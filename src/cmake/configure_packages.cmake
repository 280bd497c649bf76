# Configures the build of the Debian packages: with Debian's flags, hardened, and both libraries of one set of objects.
# Given: SOURCE, BUILD (where debian/ and the packages go), GENERATOR, COMPILER and LAUNCHER.
cmake_minimum_required(VERSION 3.24)

# What dpkg-buildflags says, if it is there; no debugging information, which the packages would not have.
function(debian_flags variable)
  set(all)
  foreach(kind IN LISTS ARGN)
    execute_process(
      COMMAND ${CMAKE_COMMAND} -E env DEB_BUILD_MAINT_OPTIONS=hardening=+all dpkg-buildflags --get ${kind}
      WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    string(APPEND all " ${flags}")
  endforeach()
  string(STRIP "${all}" all)
  set(${variable} "${all}" PARENT_SCOPE)
endfunction()

debian_flags(compile CPPFLAGS CXXFLAGS)
debian_flags(link LDFLAGS)
if(compile STREQUAL "")
  set(compile -O2)
endif()

execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD}/debian -G ${GENERATOR}
    -D CMAKE_CXX_COMPILER=${COMPILER}
    -D CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}
    -D CMAKE_BUILD_TYPE=None
    -D "CMAKE_CXX_FLAGS=${compile} -g0"
    -D CMAKE_EXE_LINKER_FLAGS=${link}
    -D CMAKE_SHARED_LINKER_FLAGS=${link}
    -D CMAKE_UNITY_BUILD=ON
    -D CMAKE_INSTALL_PREFIX=/usr
    -D CPACK_PACKAGE_DIRECTORY=${BUILD}
    -D BUILD_SHARED_LIBS=ON
    -D MULTIPING_BOTH_LIBRARIES=ON
    -D MULTIPING_BUILD_DEMO=OFF
    -D MULTIPING_BUILD_TESTS=OFF
    -D MULTIPING_PACKAGES=ON
  COMMAND_ERROR_IS_FATAL ANY)

# Configures the build of the Debian packages, with Debian's flags for hardening, and both libraries from the same
# objects. Variables: SOURCE, BUILD (the folder for debian/ and the packages), GENERATOR, COMPILER and LAUNCHER.
cmake_minimum_required(VERSION 3.24)

# Sets `variable` to the flags of dpkg-buildflags; empty when that is not installed. The packages have no debugging
# information, so the build below uses -g0.
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
    -D CMAKE_UNITY_BUILD_BATCH_SIZE=20
    -D CMAKE_INSTALL_PREFIX=/usr
    -D CPACK_PACKAGE_DIRECTORY=${BUILD}
    -D BUILD_SHARED_LIBS=ON
    -D MULTIPING_BOTH_LIBRARIES=ON
    -D MULTIPING_BUILD_DEMO=OFF
    -D MULTIPING_BUILD_TESTS=OFF
    -D MULTIPING_PACKAGES=ON
  COMMAND_ERROR_IS_FATAL ANY)

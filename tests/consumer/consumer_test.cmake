# One step of the consumer tests, run by ctest: builds a tiny project against multiping as a user would, and runs it.
# Given: STEP, LINKAGE (static or shared), SOURCE, BUILT (a build tree of multiping), WORK, VERSION, GENERATOR, COMPILER,
# LAUNCHER, FLAGS and NM.
cmake_minimum_required(VERSION 3.24)

set(prefix ${WORK}/prefix)
set(build_shared OFF)
if(LINKAGE STREQUAL "shared")
  set(build_shared ON)
endif()

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "failed (${result}): ${ARGV}")
  endif()
endfunction()

# Configuring a project of this folder begins with this; many files at once, which is sooner done.
set(configure ${CMAKE_COMMAND} -G ${GENERATOR} -D CMAKE_CXX_COMPILER=${COMPILER}
  -D CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -D CMAKE_CXX_FLAGS=${FLAGS} -D BUILD_SHARED_LIBS=${build_shared}
  -D CMAKE_UNITY_BUILD=ON -D CMAKE_UNITY_BUILD_BATCH_SIZE=40)
set(as_guest -D MULTIPING_SOURCE=${SOURCE} -D MULTIPING_INSTALL=ON)

# Configures and builds the project of this step.
function(build_project)
  set(build ${WORK}/${STEP})
  file(REMOVE_RECURSE ${build})
  run(${configure} -S ${SOURCE}/tests/consumer/${STEP} -B ${build} ${ARGV})
  run(${CMAKE_COMMAND} --build ${build} --parallel)
endfunction()

function(run_project)
  build_project(${ARGV})
  run(${WORK}/${STEP}/consumer)
endfunction()

function(expect_same what have want)
  if(NOT have STREQUAL want)
    message(FATAL_ERROR "${what}: ${have}\nexpected: ${want}")
  endif()
endfunction()

# The installed tree has every public header, and nothing in it speaks of Boost.
function(check_installed_tree)
  file(GLOB_RECURSE headers RELATIVE ${prefix}/include ${prefix}/include/*)
  file(GLOB_RECURSE public RELATIVE ${SOURCE}/include ${SOURCE}/include/*)
  expect_same("installed headers" "${headers}" "${public}")
  file(GLOB_RECURSE texts ${prefix}/*.hpp ${prefix}/*.cmake ${prefix}/*.pc)
  foreach(text IN LISTS texts)
    file(STRINGS ${text} lines REGEX "[Bb][Oo][Oo][Ss][Tt]|${SOURCE}")
    expect_same("${text} mentions Boost or the source tree" "${lines}" "")
  endforeach()
  file(GLOB_RECURSE licenses ${prefix}/LICENSE)
  file(GLOB_RECURSE libraries RELATIVE ${prefix} ${prefix}/libmultiping.*)
  if(licenses STREQUAL "" OR libraries STREQUAL "")
    message(FATAL_ERROR "the library or its license was not installed")
  endif()
endfunction()

# A program that has a Boost of its own must not meet this one's symbols; and what is inside may change.
function(check_exported_symbols)
  file(GLOB_RECURSE library ${prefix}/libmultiping.so)
  execute_process(COMMAND ${NM} --dynamic --defined-only --demangle ${library} OUTPUT_VARIABLE symbols)
  # The name of a template begins with what it returns.
  if(NOT symbols MATCHES "multiping::multi_ping" OR NOT symbols MATCHES "multiping::discover_mtu<multiping::MtuOptions"
     OR symbols MATCHES "[^\n]*(boost::|asio|::Impl|multiping::[a-z_]+::)[^\n]*")
    message(FATAL_ERROR "the shared library shows too little, or too much: ${CMAKE_MATCH_0}")
  endif()
endfunction()

function(install_it)
  file(REMOVE_RECURSE ${prefix})
  run(${CMAKE_COMMAND} --install ${BUILT} --prefix ${prefix})
  check_installed_tree()
  if(build_shared)
    check_exported_symbols()
  endif()
endfunction()

function(run_with_pkg_config)
  file(GLOB_RECURSE pc ${prefix}/multiping.pc)
  cmake_path(GET pc PARENT_PATH pc_dir)
  cmake_path(GET pc_dir PARENT_PATH lib_dir)
  set(ENV{PKG_CONFIG_PATH} ${pc_dir})
  set(ENV{LD_LIBRARY_PATH} ${lib_dir})
  file(REMOVE_RECURSE ${WORK}/${STEP})
  file(MAKE_DIRECTORY ${WORK}/${STEP})
  separate_arguments(flags UNIX_COMMAND "${FLAGS}")
  run(sh ${SOURCE}/tests/consumer/pkg_config/build.sh
    ${LINKAGE} ${VERSION} ${WORK}/${STEP}/consumer ${COMPILER} ${flags})
  run(${WORK}/${STEP}/consumer)
endfunction()

# Without MULTIPING_INSTALL a guest cannot be exported: one line says what is wanted, for the libraries that it concerns.
function(check_advice_to_exporters shared libraries)
  set(build ${WORK}/not_installed)
  file(REMOVE_RECURSE ${build})
  execute_process(
    COMMAND ${configure} -S ${SOURCE}/tests/consumer/add_subdirectory -B ${build} -D MULTIPING_SOURCE=${SOURCE}
      -D BUILD_SHARED_LIBS=${shared}
    OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE result)
  string(REGEX MATCHALL "multiping: [^\n]*MULTIPING_INSTALL[^\n]*" advice "${output}")
  expect_same("advice" "${advice}"
    "multiping: if this project exports ${libraries}, set MULTIPING_INSTALL to ON before add_subdirectory()")
  if(result EQUAL 0 OR NOT errors MATCHES "export set")
    message(FATAL_ERROR "the advice is given where CMake needs none: ${errors}")
  endif()
endfunction()

# Both libraries of the guest, installed beside its multiping, are found and run.
function(use_exported_guest)
  check_advice_to_exporters(OFF "guest")
  check_advice_to_exporters(ON "plugin, guest")
  set(guest_prefix ${WORK}/guest_prefix)
  file(REMOVE_RECURSE ${guest_prefix})
  run(${CMAKE_COMMAND} --install ${WORK}/add_subdirectory --prefix ${guest_prefix})
  build_project(-D CMAKE_PREFIX_PATH=${guest_prefix} -D CMAKE_DISABLE_FIND_PACKAGE_Boost=ON)
endfunction()

# A compiler that is told an older language ends each header with one #error, which names the one that is needed.
function(check_cxx17)
  file(GLOB headers RELATIVE ${SOURCE}/include ${SOURCE}/include/multiping/*.hpp)
  file(MAKE_DIRECTORY ${WORK}/${STEP})
  foreach(header IN LISTS headers)
    file(WRITE ${WORK}/${STEP}/main.cpp "#include <${header}>\nint main() { return multiping::none; }\n")
    execute_process(COMMAND ${COMPILER} -std=c++17 -I ${SOURCE}/include -fsyntax-only ${WORK}/${STEP}/main.cpp
      ERROR_VARIABLE errors RESULT_VARIABLE result)
    string(REGEX MATCHALL "[^\n]* error: [^\n]*" lines "${errors}")
    list(FILTER lines EXCLUDE REGEX "fatal error: [^\n]*C\\+\\+20_is_needed")
    if(result EQUAL 0 OR NOT lines MATCHES "^[^;]*multiping needs C\\+\\+20[^;]*$")
      message(FATAL_ERROR "${header} as C++17: ${errors}")
    endif()
  endforeach()
endfunction()

if(STEP MATCHES "^(add_subdirectory|fetch_content)$")
  run_project(${as_guest})
elseif(STEP STREQUAL "install")
  install_it()
elseif(STEP STREQUAL "find_package")
  run_project(-D CMAKE_PREFIX_PATH=${prefix} -D MULTIPING_EXPECTED=${VERSION} -D CMAKE_DISABLE_FIND_PACKAGE_Boost=ON)
elseif(STEP STREQUAL "earlier_programs")
  build_project(-D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_DISABLE_FIND_PACKAGE_Boost=ON)
elseif(STEP STREQUAL "plugin")
  run_project(-D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_DISABLE_FIND_PACKAGE_Boost=ON)
elseif(STEP STREQUAL "pkg_config")
  run_with_pkg_config()
elseif(STEP STREQUAL "exported_guest")
  use_exported_guest()
elseif(STEP STREQUAL "cxx17")
  check_cxx17()
else()
  message(FATAL_ERROR "no such step: ${STEP}")
endif()

# When a project includes multiping without installing it, and exports a library that links multiping, CMake fails with
# "requires target multiping that is not in any export set". The functions here tell beforehand which switch to set.
# They are called when the whole project has been read.

# Sets `found` to the libraries of `folder` and its subfolders whose users need multiping at link time: static libraries
# that link it, and shared ones that link a shared multiping.
function(multiping_libraries_that_link_it folder found)
  set(libraries)
  get_target_property(multiping_type multiping TYPE)
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(needed ${target} INTERFACE_LINK_LIBRARIES)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL SHARED_LIBRARY AND multiping_type STREQUAL SHARED_LIBRARY)
      get_target_property(needed ${target} LINK_LIBRARIES)
    endif()
    if(needed MATCHES "(^|[;:<>])multiping($|[;<>])")
      list(APPEND libraries ${target})
    endif()
  endforeach()
  get_property(subfolders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(subfolder IN LISTS subfolders)
    multiping_libraries_that_link_it(${subfolder} below)
    list(APPEND libraries ${below})
  endforeach()
  set(${found} ${libraries} PARENT_SCOPE)
endfunction()

function(multiping_tell_exporting_guests)
  multiping_libraries_that_link_it(${CMAKE_SOURCE_DIR} libraries)
  if(libraries)
    list(JOIN libraries ", " libraries)
    message(STATUS "multiping: if this project exports ${libraries}, set MULTIPING_INSTALL to ON before add_subdirectory()")
  endif()
endfunction()

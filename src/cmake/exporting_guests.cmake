# Where multiping is a guest and not installed, a project that exports a library which links it ends with CMake's
# "requires target multiping that is not in any export set". This says beforehand which switch is wanted.
# Called when the whole project has been read.

# Sets `found` to the libraries of `folder` and below that need multiping where they are linked: static ones, and shared
# ones that a shared multiping has to be found for.
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

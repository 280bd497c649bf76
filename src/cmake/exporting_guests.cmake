# Where multiping is a guest and not installed, a project that exports a library which links it ends with CMake's
# "requires target multiping that is not in any export set". This says beforehand which switch is wanted.
# Called when the whole project has been read.

# Sets `found` to the libraries of `folder` and below that need multiping where they are linked.
function(multiping_libraries_that_link_it folder found)
  set(libraries)
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(needed ${target} INTERFACE_LINK_LIBRARIES)
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

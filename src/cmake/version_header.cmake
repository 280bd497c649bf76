# Keeps the numbers in multiping/version.hpp equal to those of project(). The header is a file in include/, not a
# generated one, for readers and for users who compile without CMake.
set(version_header ${PROJECT_SOURCE_DIR}/include/multiping/version.hpp)
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${version_header})

file(READ ${version_header} version_text)
set(version_text_wanted "${version_text}")
foreach(part IN ITEMS MAJOR MINOR PATCH)
  string(REGEX REPLACE "(#define MULTIPING_VERSION_${part}) [0-9]+" "\\1 ${PROJECT_VERSION_${part}}"
    version_text_wanted "${version_text_wanted}")
endforeach()

if(version_text STREQUAL version_text_wanted)
  return()
endif()
# As part of another project multiping must not change its own sources.
if(NOT PROJECT_IS_TOP_LEVEL)
  message(FATAL_ERROR "multiping/version.hpp does not say ${PROJECT_VERSION}, as the project does")
endif()
message(STATUS "${version_header} now says ${PROJECT_VERSION}")
file(WRITE ${version_header} "${version_text_wanted}")

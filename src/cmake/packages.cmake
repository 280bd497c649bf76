# The Debian packages: the target "package" builds them in a separate build in debian/, for /usr and with Debian's
# flags, whatever this build is for. That separate build has MULTIPING_PACKAGES set.
if(NOT MULTIPING_PACKAGES)
  cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)
  add_custom_target(package
    COMMAND ${CMAKE_COMMAND} -D SOURCE=${PROJECT_SOURCE_DIR} -D BUILD=${PROJECT_BINARY_DIR} -D GENERATOR=${CMAKE_GENERATOR}
      -D COMPILER=${CMAKE_CXX_COMPILER} -D LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}
      -P ${CMAKE_CURRENT_LIST_DIR}/configure_packages.cmake
    COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR}/debian --parallel ${cores} --target package
    COMMENT "Building the Debian packages in ${PROJECT_BINARY_DIR}"
    USES_TERMINAL VERBATIM)
  return()
endif()

foreach(program IN ITEMS dpkg-shlibdeps file gzip)
  string(MAKE_C_IDENTIFIER MULTIPING_${program} variable)
  find_program(${variable} ${program})
  mark_as_advanced(${variable})
  if(NOT ${variable})
    message(FATAL_ERROR "the packages need ${program} (Debian: dpkg-dev, file, gzip)")
  endif()
endforeach()

# The maintainer is the person who builds the packages, from the variables that Debian's tools use.
set(maintainer "multiping authors <multiping@packages.invalid>")
if(DEFINED ENV{DEBEMAIL})
  set(maintainer "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
set(library_package libmultiping${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
# This sorts before the first revision of a distribution, which is 1.
set(revision 0upstream1)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME multiping)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
# CPack takes this text as no description: each package has one of its own.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${CMAKE_PROJECT_NAME} built using CMake")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/compress_documents.cmake)
set(CPACK_MULTIPING_GZIP ${MULTIPING_gzip})

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL multiping_library multiping_development)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${revision})
set(CPACK_DEBIAN_PACKAGE_SOURCE multiping)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${maintainer})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)

set(CPACK_DEBIAN_MULTIPING_LIBRARY_PACKAGE_NAME ${library_package})
set(CPACK_DEBIAN_MULTIPING_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_MULTIPING_LIBRARY_PACKAGE_MULTIARCH same)
set(CPACK_DEBIAN_MULTIPING_LIBRARY_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/src/debian/triggers)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY >=)
set(CPACK_COMPONENT_MULTIPING_LIBRARY_DESCRIPTION
"pings many hosts at once (shared library)
multiping sends probes by ICMP, UDP, TCP and SCTP to any number of hosts with
plain blocking calls, believes only authentic answers, and tells of every host
what became of it; with series and their figures, and routes.
.
This package has the library that programs are linked with.")

set(CPACK_DEBIAN_MULTIPING_DEVELOPMENT_PACKAGE_NAME libmultiping-dev)
set(CPACK_DEBIAN_MULTIPING_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_MULTIPING_DEVELOPMENT_PACKAGE_MULTIARCH same)
set(CPACK_DEBIAN_MULTIPING_DEVELOPMENT_PACKAGE_DEPENDS "${library_package} (= ${PROJECT_VERSION}-${revision})")
set(CPACK_COMPONENT_MULTIPING_DEVELOPMENT_DESCRIPTION
"pings many hosts at once (development files)
multiping sends probes by ICMP, UDP, TCP and SCTP to any number of hosts with
plain blocking calls, believes only authentic answers, and tells of every host
what became of it; with series and their figures, and routes.
.
This package has the C++20 headers, the static library, and the files for
CMake and pkg-config.")

if(MULTIPING_BUILD_DAEMON)
  list(APPEND CPACK_COMPONENTS_ALL multiping_daemon)
  set(CPACK_DEBIAN_MULTIPING_DAEMON_PACKAGE_NAME multipingd)
  set(CPACK_DEBIAN_MULTIPING_DAEMON_PACKAGE_SECTION net)
  set(CPACK_DEBIAN_MULTIPING_DAEMON_PACKAGE_DEPENDS adduser)
  foreach(script IN ITEMS postinst prerm postrm)
    list(APPEND CPACK_DEBIAN_MULTIPING_DAEMON_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/src/debian/${script})
  endforeach()
  set(CPACK_COMPONENT_MULTIPING_DAEMON_DESCRIPTION
"broker that lets unprivileged processes ping
multipingd hands ping sockets to processes that may not open any, over a Unix
socket and within limits for each user. Programs that use the multiping
library find it by themselves.
.
It never is root under systemd, and has no permission left when it serves.")
endif()

if(MULTIPING_BUILD_COMMAND)
  list(APPEND CPACK_COMPONENTS_ALL multiping_command)
  set(CPACK_DEBIAN_MULTIPING_COMMAND_PACKAGE_NAME multiping)
  set(CPACK_DEBIAN_MULTIPING_COMMAND_PACKAGE_SECTION net)
  set(CPACK_DEBIAN_MULTIPING_COMMAND_PACKAGE_DEPENDS libcap2-bin)
  set(CPACK_DEBIAN_MULTIPING_COMMAND_PACKAGE_SUGGESTS multipingd)
  set(CPACK_DEBIAN_MULTIPING_COMMAND_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/src/debian/command/postinst)
  set(CPACK_COMPONENT_MULTIPING_COMMAND_DESCRIPTION
"pings many hosts at once
multiping asks any number of hosts whether they are alive, with the options and
the lines of fping, and more: probes by TCP, UDP and SCTP, routes, path MTU,
waits for hosts. It believes only authentic answers.")
endif()

if(MULTIPING_BUILD_MTR_PACKET)
  list(APPEND CPACK_COMPONENTS_ALL multiping_packet)
  set(CPACK_DEBIAN_MULTIPING_PACKET_PACKAGE_NAME multiping-packet)
  set(CPACK_DEBIAN_MULTIPING_PACKET_PACKAGE_SECTION net)
  set(CPACK_DEBIAN_MULTIPING_PACKET_PACKAGE_RECOMMENDS libcap2-bin)
  set(CPACK_DEBIAN_MULTIPING_PACKET_PACKAGE_ENHANCES "mtr, mtr-tiny")
  set(CPACK_DEBIAN_MULTIPING_PACKET_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/src/debian/packet/postinst)
  set(CPACK_COMPONENT_MULTIPING_PACKET_DESCRIPTION
"sends the probes of mtr by multiping
multiping-packet speaks the line protocol of mtr-packet. mtr and the Python
package mtrpacket run it when the variable MTR_PACKET names it.
.
It believes only authentic answers, has a million probes in flight, and has
no privilege left when it reads its first command.")
endif()

# Documents that Debian requires in each package. SOURCE_DATE_EPOCH, if it is set, gives the date.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(src/debian/changelog.in debian/changelog.Debian @ONLY)
configure_file(CHANGELOG.md debian/changelog COPYONLY)
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} COMPONENT)
  install(FILES ${PROJECT_BINARY_DIR}/debian/changelog.Debian ${PROJECT_BINARY_DIR}/debian/changelog src/debian/copyright
    DESTINATION share/doc/${CPACK_DEBIAN_${COMPONENT}_PACKAGE_NAME} COMPONENT ${component})
endforeach()
configure_file(src/debian/library.lintian-overrides.in debian/${library_package} @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/debian/${library_package} DESTINATION share/lintian/overrides
  COMPONENT multiping_library)
if(MULTIPING_BUILD_COMMAND)
  install(FILES src/debian/command/lintian-overrides DESTINATION share/lintian/overrides RENAME multiping
    COMPONENT multiping_command)
endif()

include(CPack)

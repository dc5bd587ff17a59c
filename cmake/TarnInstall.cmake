# What is installed where. The paths stand in the unit and the man pages, so the prefix is chosen when
# the build is configured (`make install PREFIX=...` does).
include(GNUInstallDirs)
set(TARN_STATE_DIR "/var/lib/tarn" CACHE PATH "Where an installed server works")
set(TARN_CONF_DIR "${CMAKE_INSTALL_FULL_SYSCONFDIR}/tarn" CACHE PATH "Where tarn.conf is installed")
set(TARN_UNIT_DIR "${CMAKE_INSTALL_PREFIX}/lib/systemd/system" CACHE PATH "For the unit")
set(TARN_SYSUSERS_DIR "${CMAKE_INSTALL_PREFIX}/lib/sysusers.d" CACHE PATH "For the user")
set(TARN_TMPFILES_DIR "${CMAKE_INSTALL_PREFIX}/lib/tmpfiles.d" CACHE PATH "For the folders")

function(tarn_install)
  if(NOT TARN_MAIN)
    return()
  endif()
  set(made ${CMAKE_BINARY_DIR}/packaging)
  foreach(file tarn.service tarn.sysusers tarn.tmpfiles)
    configure_file(${CMAKE_SOURCE_DIR}/packaging/${file}.in ${made}/${file} @ONLY)
  endforeach()

  install(TARGETS tarn-server RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  foreach(tool ${TARN_TOOLS})
    install(FILES ${CMAKE_BINARY_DIR}/${tool} DESTINATION ${CMAKE_INSTALL_BINDIR})
    install(FILES ${CMAKE_BINARY_DIR}/man/${tool}.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  endforeach()
  install(FILES ${CMAKE_BINARY_DIR}/man/tarn-server.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${CMAKE_BINARY_DIR}/man/tarn.conf.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
  install(FILES ${made}/tarn.service DESTINATION ${TARN_UNIT_DIR})
  install(FILES ${made}/tarn.sysusers DESTINATION ${TARN_SYSUSERS_DIR} RENAME tarn.conf)
  install(FILES ${made}/tarn.tmpfiles DESTINATION ${TARN_TMPFILES_DIR} RENAME tarn.conf)
  # A tarn.conf that is there is the operator's; the one that would be new stands beside the documents.
  install(CODE "set(TARN_CONF \"\$ENV{DESTDIR}${TARN_CONF_DIR}/tarn.conf\")
    if(NOT EXISTS \"\${TARN_CONF}\")
      file(INSTALL DESTINATION \"${TARN_CONF_DIR}\" TYPE FILE FILES \"${CMAKE_BINARY_DIR}/tarn.conf\")
    else()
      message(STATUS \"Kept: \${TARN_CONF}\")
    endif()")
  install(FILES ${CMAKE_BINARY_DIR}/tarn.conf DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
  install(FILES README.md CHANGELOG.md SECURITY.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
  install(FILES docs/operations.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(DIRECTORY docs/reference DESTINATION ${CMAKE_INSTALL_DOCDIR})
endfunction()

# `make deb`, in the preset `package`.
function(tarn_package)
  set(CPACK_GENERATOR DEB)
  set(CPACK_PACKAGE_NAME tarn)
  set(CPACK_PACKAGE_CONTACT "The Tarn developers <tarn@localhost>")
  set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "in-memory data store that speaks the Redis protocol")
  set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Tarn keeps data in memory and serves it to Redis clients, redis-cli and
redis-benchmark as they are, in RESP2 and RESP3.
.
The package has the server, its configuration and a systemd unit. The
server is not started when the package is installed.")
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_SECTION database)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS passwd)
  set(CPACK_DEBIAN_PACKAGE_RECOMMENDS redis-tools)
  set(scripts ${CMAKE_SOURCE_DIR}/packaging/debian)
  set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${scripts}/postinst ${scripts}/prerm ${scripts}/postrm
    ${CMAKE_BINARY_DIR}/packaging/conffiles)
  set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
  # The report of a crash names functions.
  set(CPACK_STRIP_FILES OFF)
  # Files with absolute places (/etc) are put under the package's root.
  set(CPACK_SET_DESTDIR ON)
  set(CPACK_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
  set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  file(WRITE ${CMAKE_BINARY_DIR}/packaging/conffiles "${TARN_CONF_DIR}/tarn.conf\n")
  include(CPack)
endfunction()

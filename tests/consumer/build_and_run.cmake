# Builds the project in app/ from nothing, as WAY says, and runs it. Run by ctest.
function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
    message("${output}")
    if(NOT code EQUAL 0)
        list(JOIN ARGN " " command)
        message(FATAL_ERROR "failed with ${code}: ${command}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()

set(work "${WORK}/${WAY}")
file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")
file(COPY "${APP}" DESTINATION "${work}")

if(WAY STREQUAL "find_package")
    # A prefix can be moved after the install.
    run("${CMAKE_COMMAND}" --install "${POLYPHASE_BINARY}" --prefix "${work}/first")
    file(RENAME "${work}/first" "${work}/prefix")
    set(way "-DCMAKE_PREFIX_PATH=${work}/prefix")
else()
    # Without the tools, as a cross-compiling project would: the command comes from elsewhere.
    set(way "-DPOLYPHASE_SOURCE=${POLYPHASE_SOURCE}" -DPOLYPHASE_BUILD_TOOLS=OFF "-DPOLYPHASE_EXECUTABLE=${POLYPHASE_EXECUTABLE}"
            "-DPOLYPHASE_HALIDE_ROOT=${HALIDE_ROOT}")
endif()

run("${CMAKE_COMMAND}" -S "${work}/app" -B "${work}/build" -G "${GENERATOR}" -DCMAKE_BUILD_TYPE=Release "-DCMAKE_C_COMPILER=${C_COMPILER}"
    "-DCMAKE_CXX_COMPILER=${CXX_COMPILER}" "-DCMAKE_C_FLAGS=${C_FLAGS}" "-DCMAKE_CXX_FLAGS=${CXX_FLAGS}" ${way})
run("${CMAKE_COMMAND}" --build "${work}/build" --parallel 2)
run("${work}/build/app")
run("${work}/build/app_c")
run("${work}/build/elsewhere/app_elsewhere")

if(WAY STREQUAL "find_package")
    # A project without C++ links with the C compiler.
    run("${CMAKE_COMMAND}" -S "${work}/app/c_only" -B "${work}/c_only" -G "${GENERATOR}" "-DCMAKE_C_COMPILER=${C_COMPILER}"
        "-DCMAKE_C_FLAGS=${C_FLAGS}" ${way})
    run("${CMAKE_COMMAND}" --build "${work}/c_only")
    run("${work}/c_only/app_c")
endif()

# Builds are incremental: nothing to do the second time, also after configuring again; and a changed problem is compiled again.
if(GENERATOR STREQUAL "Ninja")
    run("${CMAKE_COMMAND}" "${work}/build")
    run("${CMAKE_COMMAND}" --build "${work}/build")
    if(NOT output MATCHES "no work to do")
        message(FATAL_ERROR "the second build had something to do")
    endif()
endif()
file(READ "${work}/app/problems.json" text)
string(REPLACE "\"scale\": 2," "\"scale\": [2, 3]," text "${text}")
file(WRITE "${work}/app/problems.json" "${text}")
run("${CMAKE_COMMAND}" --build "${work}/build" --target app)
execute_process(COMMAND "${work}/build/app" RESULT_VARIABLE code OUTPUT_VARIABLE output)
if(code EQUAL 0)
    message(FATAL_ERROR "a changed problem was not compiled again: ${output}")
endif()

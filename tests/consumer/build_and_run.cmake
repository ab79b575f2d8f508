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

separate_arguments(EMULATOR)
set(work "${WORK}/${WAY}")
file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")
file(COPY "${APP}" DESTINATION "${work}")

# A toolchain names its compilers.
if(TOOLCHAIN)
    set(platform "-DCMAKE_TOOLCHAIN_FILE=${TOOLCHAIN}")
else()
    set(platform "-DCMAKE_C_COMPILER=${C_COMPILER}" "-DCMAKE_CXX_COMPILER=${CXX_COMPILER}" "-DCMAKE_C_FLAGS=${C_FLAGS}"
                 "-DCMAKE_CXX_FLAGS=${CXX_FLAGS}")
endif()

if(WAY STREQUAL "find_package")
    # A prefix can be moved after the install.
    run("${CMAKE_COMMAND}" --install "${POLYPHASE_BINARY}" --prefix "${work}/first")
    file(RENAME "${work}/first" "${work}/prefix")
    set(way "-DCMAKE_PREFIX_PATH=${work}/prefix")
    if(TOOLCHAIN)
        list(APPEND way "-DPOLYPHASE_EXECUTABLE=${POLYPHASE_EXECUTABLE}")
    endif()
elseif(TOOLCHAIN)
    # The build machine has an installed Polyphase, the project its sources; Halide comes with the former.
    cmake_path(GET POLYPHASE_EXECUTABLE PARENT_PATH bin)
    run("${CMAKE_COMMAND}" --install "${bin}/.." --prefix "${work}/machine")
    set(way "-DPOLYPHASE_SOURCE=${POLYPHASE_SOURCE}" -DPOLYPHASE_BUILD_TOOLS=OFF "-DPOLYPHASE_EXECUTABLE=${work}/machine/bin/polyphase"
            "-DPOLYPHASE_HALIDE_ROOT=${work}/nowhere")
    # Its package is not for the target, and says so.
    execute_process(COMMAND "${CMAKE_COMMAND}" -S "${work}/app" -B "${work}/wrong" -G "${GENERATOR}" ${platform}
                            "-DCMAKE_PREFIX_PATH=${work}/machine" RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(code EQUAL 0 OR NOT output MATCHES "it is for [a-z0-9_]+, this project builds for")
        message(FATAL_ERROR "the build machine's package was taken for the target's: ${output}")
    endif()
else()
    # Without the tools, as a cross-compiling project would: the command comes from elsewhere.
    set(way "-DPOLYPHASE_SOURCE=${POLYPHASE_SOURCE}" -DPOLYPHASE_BUILD_TOOLS=OFF "-DPOLYPHASE_EXECUTABLE=${POLYPHASE_EXECUTABLE}"
            "-DPOLYPHASE_HALIDE_ROOT=${HALIDE_ROOT}")
endif()

run("${CMAKE_COMMAND}" -S "${work}/app" -B "${work}/build" -G "${GENERATOR}" -DCMAKE_BUILD_TYPE=Release ${platform} ${way})
run("${CMAKE_COMMAND}" --build "${work}/build" --parallel 2)
run(${EMULATOR} "${work}/build/app")
run(${EMULATOR} "${work}/build/app_c")
run(${EMULATOR} "${work}/build/elsewhere/app_elsewhere")

if(WAY STREQUAL "find_package")
    # A project without C++ links with the C compiler.
    run("${CMAKE_COMMAND}" -S "${work}/app/c_only" -B "${work}/c_only" -G "${GENERATOR}" ${platform} ${way})
    run("${CMAKE_COMMAND}" --build "${work}/c_only")
    run(${EMULATOR} "${work}/c_only/app_c")
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
execute_process(COMMAND ${EMULATOR} "${work}/build/app" RESULT_VARIABLE code OUTPUT_VARIABLE output)
if(code EQUAL 0)
    message(FATAL_ERROR "a changed problem was not compiled again: ${output}")
endif()

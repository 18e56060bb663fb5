@echo off
rem Starts the chat server; double-click it. Ctrl+C stops it. Settings: config.ini
rem Needs Python 3.11 or newer and nothing else: the first start installs the rest into .venv.
rem Arguments are passed on: server.bat --port 6667
rem TRIO_CHAT_NO_PAUSE=1 keeps the window from waiting for a key after an error.

setlocal
title trio-chat serve
chcp 65001 >nul
set PYTHONUTF8=1
pushd "%~dp0"
if errorlevel 1 goto nodirectory
if not exist run.py goto notunpacked

rem Asking Python for its own path skips the Store's python.exe that is none, and wrappers that are batch files.
set "PY="
set "OLD="
call :try py -3
call :try python
for /d %%d in ("%LocalAppData%\Programs\Python\Python3*") do call :try "%%~d\python.exe"
for /d %%d in ("%ProgramFiles%\Python3*") do call :try "%%~d\python.exe"
if not defined PY goto nopython

"%PY%" run.py serve %*
set "CODE=%errorlevel%"
popd
goto end

:try
if defined PY exit /b 0
for /f "delims=" %%p in ('call %* -c "import sys; print(sys.executable * (sys.version_info >= (3, 11)))" 2^>nul') do if exist "%%p" set "PY=%%p"
if defined PY exit /b 0
for /f "delims=" %%v in ('call %* -c "import sys; print(sys.version.split()[0])" 2^>nul') do set "OLD=%%v"
exit /b 0

:nopython
set "CODE=1"
popd
echo.
if defined OLD goto oldpython
echo trio-chat needs Python 3.11 or newer, and no Python was found on this computer.
goto install

:oldpython
echo trio-chat needs Python 3.11 or newer, but this computer has Python %OLD%.

:install
echo.
echo   1. Open https://www.python.org/downloads/ and download Python.
echo   2. In the installer, tick "Add python.exe to PATH", then choose "Install Now".
echo   3. Start %~nx0 again.
echo.
echo Without the Internet: the page /download/ of a running server may have a program that needs no Python.
goto end

:notunpacked
set "CODE=1"
popd
echo The rest of trio-chat is not beside %~nx0.
echo If you have opened it in a ZIP file, unpack all of that first, and start the %~nx0 there.
goto end

:nodirectory
set "CODE=1"
echo Cannot open the directory %~dp0

:end
if "%CODE%"=="0" goto finish
if defined TRIO_CHAT_NO_PAUSE goto finish
rem timeout.exe refuses redirected input, so it tells whether somebody could press a key.
"%SystemRoot%\System32\timeout.exe" /t 0 >nul 2>nul
if errorlevel 1 goto finish
echo.
pause
:finish
endlocal & exit /b %CODE%

; Set-up of trio-chat for one user, without the rights of an administrator. tools/package.py runs
;     makensis -DVERSION=X -DFROM=<folder> -DOUT=<file> -DICON=<file> setup.nsi
;
; /S installs without questions, /AtLogin lets the server start at log-in, and /D=<folder>, as the
; last argument, installs into another folder.
; An update replaces the programs and keeps config.ini, the logs and the database. Uninstalling
; leaves them, too.

Unicode true
Target amd64-unicode
!include MUI2.nsh
!include FileFunc.nsh

Name "trio-chat ${VERSION}"
OutFile "${OUT}"
RequestExecutionLevel user
ManifestDPIAware true
InstallDir "$LOCALAPPDATA\Programs\trio-chat"
InstallDirRegKey HKCU "Software\trio-chat" "Directory"
SetCompressor /SOLID lzma
; The times of the files would differ from one build to the next.
SetDateSave off

!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\trio-chat"
!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
VIProductVersion "${VERSION}.0"
VIAddVersionKey /LANG=0 ProductName "trio-chat"
VIAddVersionKey /LANG=0 FileDescription "trio-chat set-up"
VIAddVersionKey /LANG=0 FileVersion "${VERSION}"
VIAddVersionKey /LANG=0 ProductVersion "${VERSION}"
VIAddVersionKey /LANG=0 LegalCopyright "MIT licence"

!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "Russian"

LangString Chat ${LANG_ENGLISH} "Chat"
LangString Chat ${LANG_RUSSIAN} "Чат"
LangString ChatServer ${LANG_ENGLISH} "Chat server"
LangString ChatServer ${LANG_RUSSIAN} "Сервер чата"
LangString StartMenu ${LANG_ENGLISH} "Start menu"
LangString StartMenu ${LANG_RUSSIAN} "Меню «Пуск»"
LangString AtLogin ${LANG_ENGLISH} "Start the server when I log in"
LangString AtLogin ${LANG_RUSSIAN} "Запускать сервер при входе в систему"
LangString Links ${LANG_ENGLISH} "Open irc:// and ircs:// links"
LangString Links ${LANG_RUSSIAN} "Открывать ссылки irc:// и ircs://"
LangString InUse ${LANG_ENGLISH} "trio-chat is running. Close its windows, then try again."
LangString InUse ${LANG_RUSSIAN} "trio-chat запущен. Закройте его окна и повторите."
LangString Stays ${LANG_ENGLISH} "Your settings, logs and messages stay in $INSTDIR."
LangString Stays ${LANG_RUSSIAN} "Настройки, журналы и сообщения остаются в $INSTDIR."

; Ends with the exit code 2 when a program of an earlier version cannot be replaced.
!macro RefuseWhileRunning UN
Function ${UN}RefuseWhileRunning
  Push $0
  Push $1
  StrCpy $1 0
  again:
  IfFileExists "$INSTDIR\trio-chat.exe" 0 free
  ClearErrors
  FileOpen $0 "$INSTDIR\trio-chat.exe" a
  IfErrors busy
  FileClose $0
  ClearErrors
  FileOpen $0 "$INSTDIR\trio-chat-client.exe" a
  IfErrors busy
  FileClose $0
  ClearErrors
  FileOpen $0 "$INSTDIR\trio-chat-server.exe" a
  IfErrors busy
  FileClose $0
  Goto free
  busy:
  MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(InUse)" /SD IDCANCEL IDRETRY again
  SetErrorLevel 2
  Quit
  free:
  Pop $1
  Pop $0
FunctionEnd
!macroend
!insertmacro RefuseWhileRunning ""
!insertmacro RefuseWhileRunning "un."

Section "trio-chat" SectionPrograms
  SectionIn RO
  Call RefuseWhileRunning
  RMDir /r "$INSTDIR\_internal" ; libraries of an earlier version
  SetOutPath "$INSTDIR"
  File /r /x config.ini "${FROM}/*"
  SetOverwrite off ; the settings are the user's
  File "${FROM}/config.ini"
  SetOverwrite on
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKCU "Software\trio-chat" "Directory" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayName" "trio-chat"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "Publisher" "trio-chat"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\trio-chat.exe"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "EstimatedSize" $0
SectionEnd

Section "$(StartMenu)" SectionStartMenu
  CreateDirectory "$SMPROGRAMS\trio-chat"
  SetOutPath "$INSTDIR"
  CreateShortcut "$SMPROGRAMS\trio-chat\$(Chat).lnk" "$INSTDIR\trio-chat-client.exe"
  CreateShortcut "$SMPROGRAMS\trio-chat\$(ChatServer).lnk" "$INSTDIR\trio-chat-server.exe"
SectionEnd

; A task of the Task Scheduler, which restarts the server; where that is forbidden, a shortcut.
Section /o "$(AtLogin)" SectionAtLogin
  SetOutPath "$INSTDIR"
  nsExec::ExecToLog '"$INSTDIR\trio-chat.exe" service install'
  Pop $0
  ${IfNot} ${FileExists} "$LOCALAPPDATA\trio-chat\service.xml"
  ${AndIfNot} ${FileExists} "$SMSTARTUP\trio-chat-service.cmd"
    CreateShortcut "$SMSTARTUP\trio-chat server.lnk" "$INSTDIR\trio-chat-server.exe" "" "" "" SW_SHOWMINIMIZED
  ${EndIf}
SectionEnd

Function .onInit
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/AtLogin" $1
  IfErrors chosen
  SectionSetFlags ${SectionAtLogin} 1 ; selected
  chosen:
FunctionEnd

!macro Scheme NAME
  WriteRegStr HKCU "Software\Classes\${NAME}" "" "URL:${NAME}"
  WriteRegStr HKCU "Software\Classes\${NAME}" "URL Protocol" ""
  WriteRegStr HKCU "Software\Classes\${NAME}\shell\open\command" "" '"$INSTDIR\trio-chat-client.exe" "%1"'
!macroend

!macro ForgetScheme NAME
  ReadRegStr $0 HKCU "Software\Classes\${NAME}\shell\open\command" ""
  ${If} $0 == '"$INSTDIR\trio-chat-client.exe" "%1"'
    DeleteRegKey HKCU "Software\Classes\${NAME}"
  ${EndIf}
!macroend

Section /o "$(Links)" SectionLinks
  !insertmacro Scheme irc
  !insertmacro Scheme ircs
SectionEnd

Section "Uninstall"
  ; What `trio-chat service install` has made would start a program that is gone, or runs it now.
  ${If} ${FileExists} "$LOCALAPPDATA\trio-chat\service.xml"
  ${OrIf} ${FileExists} "$SMSTARTUP\trio-chat-service.cmd"
    nsExec::Exec '"$INSTDIR\trio-chat.exe" service remove'
    Pop $0
  ${EndIf}
  Call un.RefuseWhileRunning
  RMDir /r "$INSTDIR\_internal"
  Delete "$INSTDIR\trio-chat.exe"
  Delete "$INSTDIR\trio-chat-client.exe"
  Delete "$INSTDIR\trio-chat-server.exe"
  Delete "$INSTDIR\LICENSE"
  Delete "$INSTDIR\THIRD-PARTY.txt"
  Delete "$INSTDIR\README.md"
  Delete "$INSTDIR\README.ru.md"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR" ; only when the user has left nothing there
  RMDir /r "$SMPROGRAMS\trio-chat"
  Delete "$SMSTARTUP\trio-chat server.lnk"
  !insertmacro ForgetScheme irc
  !insertmacro ForgetScheme ircs
  DeleteRegKey HKCU "${UNINSTALL_KEY}"
  DeleteRegKey HKCU "Software\trio-chat"
  IfFileExists "$INSTDIR\config.ini" 0 end
  DetailPrint "$(Stays)"
  end:
SectionEnd

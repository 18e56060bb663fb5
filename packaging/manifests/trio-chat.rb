class TrioChat < Formula
  include Language::Python::Virtualenv

  desc "Chat that guests join by a link, with a server for IRC and a terminal client"
  homepage "@HOMEPAGE@"
  url "@SDIST_URL@"
  sha256 "@SDIST_SHA256@"
  license "MIT"

  depends_on "cryptography" => :no_linkage
  depends_on "python@@PYTHON@"
  depends_on "sqlite"

  uses_from_macos "libffi"

  pypi_packages package_name:     "trio-chat[metrics,proxy,keyring]",
                exclude_packages: ["cryptography"],
                extra_packages:   %w[@LINUX_ONLY@]

@RESOURCES@

  def install
    venv = virtualenv_install_with_resources without: "apsw"
    # With this file, apsw downloads SQLite. Without it, apsw uses that of Homebrew.
    resource("apsw").stage do
      rm "setup.apsw"
      venv.pip_install Pathname.pwd
    end
  end

  def post_install
    (var/"trio-chat").mkpath
  end

  def caveats
    <<~EOS
      The server reads #{var}/trio-chat/config.ini, if there is one, and keeps its database there.
    EOS
  end

  service do
    run [opt_bin/"trio-chat", "serve"]
    keep_alive crashed: true
    working_dir var/"trio-chat"
    log_path var/"log/trio-chat.log"
    error_log_path var/"log/trio-chat.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/trio-chat --version")
    (testpath/"config.ini").write <<~EOS
      [server]
      host = 127.0.0.1
      port = #{free_port}
    EOS
    server = spawn bin/"trio-chat", "serve"
    begin
      sleep 5
      system bin/"trio-chat", "health"
    ensure
      Process.kill "TERM", server
      Process.wait server
    end
  end
end

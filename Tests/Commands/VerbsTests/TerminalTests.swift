import CLinux
import Glibc
import JSON
import LinuxKernel
import TestSupport
import Testing

@testable import DockerClient
@testable import Verbs

@Suite("a terminal", .serialized)  // a process has one terminal to restore
struct TerminalTests {
    /// Both ends of a pseudo-terminal of 33 rows and 101 columns.
    private func terminal() throws -> (master: Int32, slave: Int32) {
        let master = try checkNegative("open") { clinux_openat(AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY, 0) }
        try checkNegative("unlock") { clinux_unlock_terminal(master) }
        let slave = try checkNegative("peer") { clinux_terminal_peer(master, O_RDWR | O_NOCTTY) }
        try checkNegative("size") { clinux_set_window(slave, 33, 101) }
        return (master, slave)
    }

    private func isCooked(_ terminal: Int32) -> Bool {
        var mode = termios()
        tcgetattr(terminal, &mode)
        return mode.c_lflag & tcflag_t(ICANON) != 0
    }

    @Test("is raw while it is attached, told its size, and put back when the keys are typed") func detach() async throws
    {
        let (master, slave) = try terminal()
        defer {
            close(master)
            close(slave)
        }
        try await withScratchDirectory { folder in
            let daemon = try ScriptedDaemon(at: "\(folder)/d.sock") { request, channel in
                switch request.line {
                case "POST /containers/create": channel.answer(201, #"{"Id":"c0ffee"}"#)
                case "POST /containers/c0ffee/attach":
                    channel.upgrade()
                    guard channel.read() == Array("ls".utf8) else { return }
                    channel.send(Array("prompt\r\n".utf8))  // a terminal's stream has no frames
                    var shown = [UInt8](repeating: 0, count: 100)
                    let count = read(master, &shown, shown.count)
                    // What is shown is the prompt alone: nothing that was typed is echoed.
                    #expect(String(decoding: shown[..<max(0, count)], as: UTF8.self) == "prompt\r\n")
                    write(master, "\u{10}\u{11}", 2)
                    while channel.read() != nil {}
                case "POST /containers/c0ffee/wait":
                    channel.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    while channel.read() != nil {}
                case "POST /containers/c0ffee/resize":
                    channel.answer(200)
                    write(master, "ls", 2)  // by now the terminal is raw
                default: channel.answer(204)
                }
            }
            let host = daemon.host
            let code = try await withThread { () throws -> Int32 in
                Invocation(
                    words: ["-H", host, "run", "-it", "img"], environment: { _ in nil },
                    descriptors: (slave, slave, slave), ownsSignals: false
                ).run()
            }
            #expect(code == 0)
            let body = try JSONValue(parsing: daemon.requests[0].body)
            #expect(body["HostConfig"]?["ConsoleSize"] == [33, 101])
            #expect(daemon.requests.map(\.target).contains("/containers/c0ffee/resize?h=33&w=101"))
        }
        #expect(isCooked(slave))
    }

    @Test("comes back when the raw mode's value goes") func scope() throws {
        let (master, slave) = try terminal()
        defer {
            close(master)
            close(slave)
        }
        #expect(isCooked(slave))
        do {
            let raw = try RawMode(slave)
            #expect(!isCooked(slave))
            _ = consume raw
        }
        #expect(isCooked(slave))
        #expect(Terminal.size(slave) == WindowSize(rows: 33, columns: 101))
    }
}

@Suite("completion, help and the manual")
struct CompletionTests {
    private func words(_ line: String) -> [String] {
        Completion(line.split(separator: " ", omittingEmptySubsequences: false).map(String.init), in: Pouch.commands)
            .candidates.map(\.word)
    }

    private func kind(_ line: String) -> Completes {
        Completion(line.split(separator: " ", omittingEmptySubsequences: false).map(String.init), in: Pouch.commands)
            .kind
    }

    @Test func commandsAndFlags() {
        #expect(words("ru") == ["run"])
        #expect(words("image i") == ["import", "inspect"])
        #expect(words("run --pu") == ["--publish", "--publish-all", "--pull"])
        #expect(words("run --pull n") == ["never"])
        #expect(words("run --pull=m") == ["--pull=missing"])
        #expect(words("-D -H x vol") == ["volume"])
        #expect(words("run busybox --r") == [])
        #expect(words("rm x --fo") == ["--force"])
    }

    @Test func objects() {
        #expect(kind("rm ") == .containers)
        #expect(kind("exec -it ") == .runningContainers)
        #expect(kind("run -it --name x ") == .images)
        #expect(kind("run --network ") == .networks)
        #expect(kind("run busybox ") == .files)
        #expect(kind("rename a b ") == .nothing)
        #expect(kind("volume rm v ") == .volumes)
    }

    @Test("every command has a page, and help that fits") func manual() {
        let pages = Manual.pages(Pouch.commands)
        #expect(Set(pages.map(\.name)).count == pages.count)
        #expect(pages.contains { $0.name == "pouch-container-run.1" })
        for page in pages {
            #expect(page.text.hasPrefix(".TH") && page.text.contains(".SH SYNOPSIS"), "\(page.name)")
        }
        for command in Pouch.commands {
            guard case .verb(let type, _) = command else { continue }
            let text = Help.text(for: type, path: "pouch \(type.usage.name)")
            #expect(text.hasPrefix("Usage:  pouch \(type.usage.name)"))
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 110 }, "\(type.usage.name)")
        }
    }

    @Test("a program that tells its own grammar has a page for each command") func programManual() throws {
        let dump: JSONValue = [
            "command": [
                "commandName": "serve-it", "abstract": "Serves it.", "discussion": ".one\ntwo",
                "arguments": [
                    ["kind": "positional", "valueName": "folder", "abstract": "Where."],
                    [
                        "kind": "option", "valueName": "level", "abstract": "How loud.",
                        "names": [["kind": "short", "name": "l"], ["kind": "long", "name": "log-level"]],
                    ],
                    ["kind": "flag", "valueName": "hidden", "shouldDisplay": false, "names": []],
                ],
                "subcommands": [
                    ["commandName": "token", "abstract": "Makes one.", "arguments": []],
                    ["commandName": "help", "abstract": "Show help."],
                ],
            ]
        ]
        let pages = try #require(ProgramManual.pages(dump))
        #expect(pages.map(\.name) == ["serve-it.1", "serve-it-token.1"])
        let text = pages[0].text
        #expect(text.contains("serve\\-it \\- Serves it\n"))
        #expect(text.contains(".TP\n\\fB\\-l\\fR, \\fB\\-\\-log\\-level\\fR \\fIlevel\\fR\nHow loud.\n"))
        #expect(text.contains("[\\fIOPTIONS\\fR] \\fIfolder\\fR \\fICOMMAND\\fR"))
        #expect(text.contains("\\&.one\ntwo\n"))
        #expect(!text.contains("hidden") && !text.contains("help"))
        #expect(pages[1].text.contains(".BR serve\\-it (1)"))
        #expect(ProgramManual.pages(["command": 1]) == nil)
    }
}

import TestSupport
import Testing

@testable import DockerClient

@Suite("the detach keys")
struct DetachKeysTests {
    private func expect(
        _ verdict: DetachKeys.Verdict, _ expected: DetachKeys.Verdict,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(verdict == expected, sourceLocation: sourceLocation)
    }

    @Test("are found in one piece and in two") func found() {
        var keys = DetachKeys.standard
        expect(keys.feed([0x61, 0x10, 0x11, 0x62]), .init(pass: [0x61], isDetached: true))
        keys = .standard
        expect(keys.feed([0x10]), .init(pass: [], isDetached: false))
        expect(keys.feed([0x11]), .init(pass: [], isDetached: true))
    }

    @Test("give back what was held when it was not the sequence") func held() {
        var keys = DetachKeys.standard
        expect(keys.feed([0x10]), .init(pass: [], isDetached: false))
        expect(keys.feed([0x61]), .init(pass: [0x10, 0x61], isDetached: false))
        expect(keys.feed([0x10, 0x10, 0x11]), .init(pass: [0x10], isDetached: true))
    }

    @Test("may repeat themselves inside the sequence") func overlap() throws {
        var keys = try DetachKeys(parsing: "a,a,b")
        expect(keys.feed(Array("aaab".utf8)[...]), .init(pass: Array("a".utf8), isDetached: true))
    }

    @Test(
        "are read as docker writes them",
        arguments: [
            ("ctrl-p,ctrl-q", [0x10, 0x11]), ("ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", [0, 27, 28, 29, 30, 31]),
            ("x,CTRL-Z", [0x78, 26]),
        ] as [(String, [UInt8])])
    func reading(text: String, bytes: [UInt8]) throws {
        var keys = try DetachKeys(parsing: text)
        let verdict = keys.feed(bytes[...])
        #expect(verdict.isDetached)
    }

    @Test("are refused with a reason", arguments: ["", "ctrl-", "ctrl-1", "ab", "a,,b", "strg-p"])
    func refused(text: String) {
        #expect(throws: ClientError.self) { try DetachKeys(parsing: text) }
    }

    @Test("pass every byte on unless the sequence is complete") func nothingIsLost() throws {
        for seed in UInt64(0)..<500 {
            var random = SplitMix64(seed: seed)
            let typed = (0..<40).map { _ in UInt8.random(in: 97...98, using: &random) }
            var keys = try DetachKeys(parsing: "a,b,a,a")
            var passed: [UInt8] = []
            for (index, byte) in typed.enumerated() {
                let verdict = keys.feed([byte])
                passed += verdict.pass
                let soFar = Array(typed[...index])
                if verdict.isDetached {
                    #expect(passed + Array("abaa".utf8) == soFar, "seed \(seed)")
                    break
                }
                #expect(soFar.starts(with: passed) && soFar.count - passed.count < 4, "seed \(seed)")
                #expect(!String(decoding: soFar, as: UTF8.self).contains("abaa"), "seed \(seed)")
            }
        }
    }
}

@Suite("the multiplexed stream")
struct StreamFramesTests {
    @Test("is split the same way however it arrives", arguments: 1...12)
    func pieces(size: Int) throws {
        let bytes: [UInt8] =
            [1, 0, 0, 0, 0, 0, 0, 3] + Array("out".utf8) + [2, 0, 0, 0, 0, 0, 0, 0] + [2, 0, 0, 0, 0, 0, 1, 0]
            + [UInt8](repeating: 65, count: 256) + [1, 0, 0, 0, 0, 0, 0, 1, 10]
        var frames = StreamFrames()
        var (output, errors): ([UInt8], [UInt8]) = ([], [])
        var rest = bytes[...]
        while !rest.isEmpty {
            try frames.feed(rest.prefix(size)) { (target, payload) throws(ClientError) in
                if target == .output { output += payload } else { errors += payload }
            }
            rest = rest.dropFirst(size)
        }
        #expect(output == Array("out\n".utf8))
        #expect(errors == [UInt8](repeating: 65, count: 256))
    }

    @Test("has no other streams") func unknown() {
        var frames = StreamFrames()
        #expect(throws: ClientError.self) {
            try frames.feed([9, 0, 0, 0, 0, 0, 0, 1, 1]) { (_, _) throws(ClientError) in }
        }
    }
}

@Suite("addresses and queries")
struct EndpointTests {
    @Test("a socket is a URL or a path") func sockets() throws {
        #expect(try Endpoint(parsing: "unix:///a/b.sock") == .unix(path: "/a/b.sock"))
        #expect(try Endpoint(parsing: "/a/b.sock").description == "unix:///a/b.sock")
    }

    @Test("what is no socket is refused", arguments: ["pouch.sock", "http://h:1", ""]) func refused(text: String) {
        #expect(throws: ClientError.host(text, reason: "expected unix:///path/to/socket or tcp://host:port")) {
            try Endpoint(parsing: text)
        }
    }

    @Test("a carrier says why it cannot connect, or is one's connection") func carriers() throws {
        func carrier(_ script: String) -> Endpoint.Carrier {
            Endpoint.Carrier(
                address: "tcp://h:1", programs: ["/nowhere/sh", "/bin/sh"], arguments: ["-c", "exec >&0; \(script)"])
        }
        #expect(throws: ClientError.host("tcp://h:1", reason: "cannot connect: no route")) {
            try Connection(to: .carried(carrier("printf 'no route'")))
        }
        #expect(throws: ClientError.host("tcp://h:1", reason: "the connection ended before it was made")) {
            try Connection(to: .carried(carrier("exit 0")))
        }
        let echo = try Connection(to: .carried(carrier("printf '\\000'; read line; echo \"got $line\"")))
        try echo.send(Array("hello\n".utf8)[...])
        #expect(try echo.read() == Array("got hello\n".utf8)[...])
        #expect(try echo.read().isEmpty)
        let missing = Endpoint.Carrier(address: "tcp://h:1", programs: ["/nowhere/a"], arguments: [])
        #expect(throws: ClientError.self) { try Connection(to: .carried(missing)) }
    }

    @Test("queries escape what is not plain") func queries() {
        var query: Query = ["a": "1 2"]
        query.add("f", "{\"k\":[\"ä&=\"]}")
        query.add("off", false)
        query.add("none", nil)
        #expect(query.text == "?a=1%202&f=%7B%22k%22%3A%5B%22%C3%A4%26%3D%22%5D%7D")
    }

    @Test("a daemon that is not there is named") func unreachable() {
        let error = #expect(throws: ClientError.self) {
            try DockerClient(.unix(path: "/nowhere/pouchd.sock")).get("/_ping")
        }
        #expect(
            error?.description
                == "cannot connect to pouchd at unix:///nowhere/pouchd.sock: no such file or directory; is it running?")
    }
}

import ImageSpec
import Snapshots
import Testing

@Suite("Config change")
struct ConfigChangeTests {
    @Test("commands keep their exec form and get a shell in the other")
    func commands() throws {
        #expect(try applying("CMD [\"a\", \"b c\"]").cmd == ["a", "b c"])
        #expect(try applying("cmd echo hi").cmd == ["/bin/sh", "-c", "echo hi"])
        #expect(try applying("CMD [not json").cmd == ["/bin/sh", "-c", "[not json"])
        let entry = try applying("CMD old", "ENTRYPOINT [\"/init\"]")
        #expect(entry.entrypoint == ["/init"] && entry.cmd == nil)
    }

    @Test("variables replace those of the same name, with quotes taken away")
    func environment() throws {
        #expect(
            try applying("ENV A=1 B=\"two words\" C='x\\y' D=a\\ b").env == ["A=1", "B=two words", "C=x\\y", "D=a b"])
        #expect(try applying("ENV A=1", "ENV A=2").env == ["A=2"])
        #expect(try applying("ENV A one two").env == ["A=one two"])
    }

    @Test("everything else goes where it belongs")
    func others() throws {
        let config = try applying(
            "USER app", "WORKDIR /srv", "WORKDIR ../var/./lib", "EXPOSE 80 53/udp", "VOLUME [\"/a\", \"/b\"]",
            "VOLUME /c /d",
            "LABEL x=1 \"y z\"=2", "STOPSIGNAL SIGINT", "ONBUILD RUN make",
            "HEALTHCHECK --interval=1m30s --retries=3 CMD true"
        )
        #expect(config.user == "app" && config.workingDir == "/var/lib" && config.stopSignal == "SIGINT")
        #expect(config.exposedPorts == ["80/tcp", "53/udp"] && config.volumes == ["/a", "/b", "/c", "/d"])
        #expect(config.labels == ["x": "1", "y z": "2"] && config.onBuild == ["RUN make"])
        #expect(config.healthcheck?.test == ["CMD-SHELL", "true"])
        #expect(config.healthcheck?.interval == 90_000_000_000 && config.healthcheck?.retries == 3)
        #expect(try applying("HEALTHCHECK NONE").healthcheck?.test == ["NONE"])
    }

    @Test(
        "what is no change is refused",
        arguments: [
            "RUN true", "", "ENV", "ENV A", "LABEL =x", "HEALTHCHECK --bogus=1 CMD x",
            "HEALTHCHECK --interval=3x CMD y",
        ])
    func refused(text: String) {
        #expect(throws: ImageError.self) { try applying(text) }
    }

    @discardableResult
    private func applying(_ texts: String...) throws -> ImageConfig.Execution {
        var config = ImageConfig.Execution()
        for text in texts { try ConfigChange(parsing: text).apply(to: &config) }
        return config
    }
}

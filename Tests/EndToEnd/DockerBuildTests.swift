import TestSupport
import Testing

/// The docker CLI's classic builder, unmodified, against pouchd.
@Suite("docker build", .needs(.root, .tool("docker")))
struct DockerBuildTests {
    @Test("a Dockerfile of several stages becomes an image that runs, and a second build is all cache")
    func stages() async throws {
        try await withDaemon { daemon in
            let folder = try BuildFolder(
                in: daemon, "stages",
                [
                    "Dockerfile": """
                    ARG BASE=busybox
                    FROM ${BASE} AS base
                    ARG WHO=world
                    ENV GREETING="hello $WHO"
                    WORKDIR /srv/app
                    COPY . .
                    RUN echo "$GREETING" > out.txt
                    FROM busybox AS unused
                    RUN false
                    FROM scratch
                    COPY --from=base /srv/app/out.txt /bin/busybox /
                    LABEL from=test
                    CMD ["/busybox", "cat", "/out.txt"]
                    """,
                    "file": "content",
                ])
            let first = try await folder.docker("build", "-t", "staged:1", "--build-arg", "WHO=moon", folder.path)
            #expect(first.status == 0, "\(first)")
            #expect(first.output.contains("Step 1/10 : FROM ${BASE} AS base"), "\(first)")
            #expect(first.output.contains("Successfully tagged staged:1"))
            #expect(!first.output.contains("unused"))
            let shown = try await daemon.docker("run", "--rm", "--network", "none", "staged:1")
            #expect(shown.output == "hello moon\n", "\(shown)")
            let quiet = try await folder.docker("build", "-q", "--build-arg", "WHO=moon", folder.path)
            let id = try await daemon.docker("inspect", "--format", "{{.Id}}", "staged:1")
            #expect(quiet.output == id.output, "the same steps give the same image: \(quiet)")
            let again = try await folder.docker("build", "--build-arg", "WHO=moon", folder.path)
            #expect(again.output.split(separator: "\n").filter { $0.contains("Using cache") }.count == 4, "\(again)")
            try folder.write("file", "changed")
            let changed = try await folder.docker("build", "--build-arg", "WHO=moon", folder.path)
            #expect(
                changed.output.split(separator: "\n").filter { $0.contains("Using cache") }.count == 2, "\(changed)")
        }
    }

    @Test("a failing command gives its code, a Dockerfile that is none its line, and nothing is left")
    func failures() async throws {
        try await withDaemon { daemon in
            let folder = try BuildFolder(in: daemon, "fails", ["Dockerfile": "FROM busybox\nRUN echo said; exit 7\n"])
            let failed = try await folder.docker("build", folder.path)
            #expect(failed.status == 7, "\(failed)")
            #expect(failed.output.contains("said"))
            #expect(
                failed.errors.contains(
                    "dockerfile line 2: The command '/bin/sh -c echo said; exit 7' returned a non-zero code: 7"))
            try folder.write("Dockerfile", "FROM busybox\n\nCPOY a b\n")
            let misspelt = try await folder.docker("build", folder.path)
            #expect(misspelt.status == 1)
            #expect(misspelt.errors.contains("line 3: unknown instruction: CPOY (did you mean COPY?)"), "\(misspelt)")
            try folder.write("Dockerfile", "FROM busybox\nCOPY none /\n")
            let missing = try await folder.docker("build", folder.path)
            #expect(missing.errors.contains("line 2: COPY failed: file not found in build context"), "\(missing)")
            #expect(try await folder.leftovers() == "")
        }
    }
}

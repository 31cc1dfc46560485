import ImageBuild
import TestSupport
import Testing

@Suite("reading Dockerfiles")
struct DockerfileTests {
    private func steps(_ text: String) throws -> [Instruction] {
        try #require(Dockerfile(parsing: "FROM x\n" + text).stages.last).steps.map(\.instruction)
    }

    private func reason(_ text: String) -> String {
        do throws(DockerfileError) {
            _ = try Dockerfile(parsing: text)
            return "accepted"
        } catch {
            return error.description
        }
    }

    @Test("comments, empty lines and continuations are joined as written")
    func lines() throws {
        let text = """
            # comment
              # another
            FROM  x   AS  Base

            RUN a && \\
              # inside
            \t# with a tab

              b \\  \n   && c
            RUN echo \\\\
            CMD ["a", \\
              "b"]
            """
        let file = try Dockerfile(parsing: text)
        #expect(file.stages.count == 1)
        #expect(file.stages[0].from == FromInstruction(image: "x", name: "base"))
        #expect(
            file.stages[0].steps.map(\.instruction) == [
                .run(RunInstruction(.shell("a &&   b    && c"))), .run(RunInstruction(.shell("echo \\\\"))),
                .cmd(.exec(["a", "b"])),
            ])
        #expect(file.stages[0].steps.map(\.line) == [5, 11, 12])
    }

    @Test("carriage returns and a byte order mark do no harm")
    func windows() throws {
        let file = try Dockerfile(parsing: "\u{FEFF}FROM x\r\nRUN a \\\r\n b\r\n")
        #expect(file.stages[0].steps.map(\.instruction) == [.run(RunInstruction(.shell("a  b")))])
    }

    @Test("the escape directive changes what continues a line; others are kept apart from comments")
    func directives() throws {
        let file = try Dockerfile(parsing: "# syntax=docker/dockerfile:1\n# escape=`\nFROM x\nRUN a `\n b\nRUN c:\\\n")
        #expect(file.escape == "`")
        #expect(file.stages[0].steps.count == 2)
        let late = try Dockerfile(parsing: "# hello\n# escape=`\nFROM x\nRUN a \\\n b\n")
        #expect(late.escape == "\\", "after a comment it is a comment")
        #expect(reason("# escape=x\nFROM a").contains("line 1: invalid ESCAPE token"))
        #expect(reason("# escape=`\n# escape=`\nFROM a").contains("only one escape parser directive"))
    }

    @Test("here-documents belong to RUN, COPY and ADD")
    func heredocs() throws {
        let found = try steps(
            """
            RUN <<EOF
            a
              b # no comment
            EOF
            RUN cat <<-'E' > /x
            \tin
            \tE
            COPY <<one.txt <<"two.txt" /dir/
            1 $X
            one.txt
            2 $X
            two.txt
            CMD <<EOF
            """)
        guard case .run(let first) = found[0], case .run(let second) = found[1], case .copy(let copy) = found[2] else {
            Issue.record("\(found)")
            return
        }
        #expect(first.heredocs.map(\.text) == ["a\n  b # no comment\n"])
        #expect(second.heredocs.map(\.text) == ["in\n"])
        #expect(second.heredocs[0].expands == false)
        #expect(copy.sources.isEmpty)
        #expect(copy.destination == "/dir/")
        #expect(copy.heredocs.map(\.expands) == [true, false])
        #expect(copy.heredocs.map(\.name) == ["one.txt", "two.txt"])
        #expect(found[3] == .cmd(.shell("<<EOF")))
        #expect(
            reason("FROM x\nRUN <<EOF\na\n")
                == "dockerfile parse error on line 2: unterminated heredoc: no line says EOF")
    }

    @Test("names and values are told apart, quotes and all")
    func pairs() throws {
        let found = try steps(#"ENV a=1 b="x y" c='d e' f=g\ h"# + "\nENV old style value\nLABEL k=v")
        #expect(
            found == [
                .env([.init("a", "1"), .init("b", "\"x y\""), .init("c", "'d e'"), .init("f", "g\\ h")]),
                .env([.init("old", "style value")]), .label([.init("k", "v")]),
            ])
    }

    @Test("flags of COPY, RUN and HEALTHCHECK")
    func flags() throws {
        let found = try steps(
            """
            COPY --from=b --chown=1:2 --chmod=755 --link a b /c/
            ADD ["a b", "/c"]
            RUN --mount=type=cache,target=/c,id=i,sharing=locked,mode=0700,uid=5 --network=none x
            RUN --mount=target=/s,rw --mount=type=tmpfs,dst=/t,size=1m ["y"]
            HEALTHCHECK --interval=5m --retries=3 CMD curl x
            HEALTHCHECK NONE
            """)
        var copy = CopyInstruction(sources: ["a", "b"], destination: "/c/")
        (copy.from, copy.owner, copy.mode, copy.isLink) = ("b", "1:2", "755", true)
        #expect(found[0] == .copy(copy))
        var add = CopyInstruction(sources: ["a b"], destination: "/c")
        add.isAdd = true
        #expect(found[1] == .copy(add))
        var run = RunInstruction(.shell("x"))
        var cache = RunMount(.cache)
        (cache.target, cache.id, cache.sharing, cache.mode, cache.owner) = ("/c", "i", .locked, 0o700, 5)
        (run.mounts, run.network) = ([cache], "none")
        #expect(found[2] == .run(run))
        guard case .run(let second) = found[3] else { return }
        #expect(second.mounts.map(\.isReadOnly) == [false, false])
        #expect(second.mounts[1].size == 1 << 20)
        var check = HealthcheckInstruction(command: .shell("curl x"))
        (check.interval, check.retries) = (300_000_000_000, 3)
        #expect(found[4] == .healthcheck(check))
        #expect(found[5] == .healthcheck(HealthcheckInstruction(command: nil)))
    }

    @Test(
        "what is wrong is named with its line",
        arguments: [
            ("", "dockerfile parse error: file with no instructions"),
            (
                "RUN x",
                "dockerfile parse error on line 1: no build stage in current context: only ARG may stand before FROM"
            ),
            ("ARG x", "dockerfile parse error: no build stage: FROM is missing"),
            ("FROM x\nCPOY a b", "dockerfile parse error on line 2: unknown instruction: CPOY (did you mean COPY?)"),
            (
                "FROM x\n\nCOPY a",
                "dockerfile parse error on line 3: COPY requires at least two arguments, but only 1 provided"
            ),
            ("FROM x\nENV", "dockerfile parse error on line 2: ENV requires at least one argument"),
            ("FROM x\nENV a", "dockerfile parse error on line 2: ENV must have two arguments"),
            ("FROM a b", "dockerfile parse error on line 1: FROM requires either one or three arguments"),
            (
                "FROM a AS 1x",
                "dockerfile parse error on line 1: invalid name for build stage: \"1x\", name can't start with a number or contain symbols"
            ),
            (
                "FROM a AS b\nFROM c AS B",
                "dockerfile parse error on line 2: duplicate name b: another stage is called so"
            ),
            ("FROM x\nRUN --nope y", "dockerfile parse error on line 2: unknown flag: --nope of RUN"),
            (
                "FROM x\nSHELL /bin/sh",
                "dockerfile parse error on line 2: SHELL requires the arguments to be in JSON form, such as [\"/bin/sh\", \"-c\"]"
            ),
            (
                "FROM x\nONBUILD ONBUILD RUN y",
                "dockerfile parse error on line 2: Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"
            ),
            ("FROM x\nONBUILD FROM y", "dockerfile parse error on line 2: FROM isn't allowed as an ONBUILD trigger"),
            (
                "FROM x\nHEALTHCHECK WAT",
                "dockerfile parse error on line 2: Unknown type \"WAT\" in HEALTHCHECK (try CMD)"
            ),
        ])
    func errors(text: String, message: String) {
        #expect(reason(text) == message)
    }

    @Test("no text makes it stumble: 1,000 seeded ones, and every beginning of a real one")
    func seeded() {
        let pieces = [
            "FROM ", "RUN ", "COPY ", "ENV ", "ARG ", "<<EOF", "EOF", "\n", "\\\n", "#", "escape=`", " ", "\"", "'",
            "$", "{",
            "}", "--from=", "--mount=type=cache,target=/x", "[", "]", ",", "a=b", "AS ", "\t", "\r\n", "ONBUILD ", "é",
            "HEALTHCHECK CMD ", "--interval=", "`",
        ]
        for seed in UInt64(0)..<1000 {
            var random = SplitMix64(seed: seed)
            let text = (0..<Int.random(in: 1..<30, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }.joined()
            let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.count
            do throws(DockerfileError) {
                let file = try Dockerfile(parsing: "FROM x\n" + text)
                let places = file.stages.flatMap { $0.steps.map(\.line) }
                #expect(places == places.sorted() && places.allSatisfy { $0 <= lines + 1 }, "seed \(seed): \(text)")
            } catch {
                #expect(error.line <= lines + 1 && !error.reason.isEmpty, "seed \(seed): \(text)")
            }
        }
        let whole =
            "# escape=\\\nARG V=1\nFROM a:${V} AS b\nRUN <<EOF\nx\nEOF\nCOPY --from=b [\"a\", \"b\"]\nENV a=\"b\" c=d\n"
        for end in whole.indices { _ = try? Dockerfile(parsing: String(whole[..<end])) }
    }
}

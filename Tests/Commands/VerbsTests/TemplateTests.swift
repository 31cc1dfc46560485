import JSON
import Testing
import Units

@testable import Verbs

@Suite("format templates")
struct TemplateTests {
    private let value: JSONValue = [
        "Name": "/web", "Id": "abc", "Count": 3, "Ratio": 0.5, "On": true, "Nothing": nil,
        "State": ["Running": true, "Pid": 42], "Env": ["A=1", "B=2"],
        "Labels": ["com.x": "one", "app": "two"], "Mounts": [["Name": "v", "RW": true], ["Name": "w", "RW": false]],
    ]

    private func render(_ template: String) throws -> String { try Template(template).execute(on: value) }

    @Test(
        "fields, pipes and functions",
        arguments: [
            ("{{.Name}} {{.State.Pid}}", "/web 42"), ("{{json .State}}", #"{"Running":true,"Pid":42}"#),
            ("{{.Name | json}}", #""/web""#), ("{{.Env}} {{.Labels}}", "[A=1 B=2] map[app:two com.x:one]"),
            ("{{index .Labels \"com.x\"}}{{index .Env 1}}{{index .Labels \"no\"}}", "oneB=2"),
            ("{{len .Env}}{{len .Name}}", "24"), ("{{join .Env \", \"}}", "A=1, B=2"),
            ("{{upper .Id}} {{lower \"AB\"}} {{title \"a bc\"}}", "ABC ab A Bc"),
            ("{{range split \"a:b:c\" \":\"}}<{{.}}>{{end}}", "<a><b><c>"),
            (
                "{{printf \"%s|%5d|%-5s|%05d|%.2f|%x|%q|%v|%%\" .Id .Count .Id .Count .Ratio 255 .Id .On}}",
                "abc|    3|abc  |00003|0.50|ff|\"abc\"|true|%"
            ),
            ("{{println .Id 1}}", "abc 1\n"), ("{{print 1 2 \"x\"}}", "1 2x"), ("{{truncate .Name 2}}", "/w"),
            ("{{pad .Id 1 2}}.", " abc  ."), ("{{.Nothing}}", "<nil>"), ("{{slice .Id 1 2}}", "b"),
        ])
    func functions(template: String, text: String) throws {
        #expect(try render(template) == text)
    }

    @Test(
        "conditions, loops and variables",
        arguments: [
            ("{{if .On}}yes{{else}}no{{end}}", "yes"),
            ("{{if .Nothing}}a{{else if eq .Count 3}}b{{else}}c{{end}}", "b"),
            ("{{if and .On (gt .Count 2) (not .Nothing)}}x{{end}}", "x"), ("{{or .Nothing .Id}}", "abc"),
            ("{{range .Mounts}}{{.Name}}{{if .RW}}!{{end}} {{end}}", "v! w "),
            ("{{range $i, $m := .Mounts}}{{$i}}{{$m.Name}}{{$.Id}} {{end}}", "0vabc 1wabc "),
            ("{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "app=two;com.x=one;"),
            ("{{range .Nothing}}x{{else}}empty{{end}}", "empty"), ("{{with .State}}{{.Pid}}{{end}}", "42"),
            ("{{$x := 1}}{{if .On}}{{$x = 2}}{{end}}{{$x}}", "2"),
            ("{{range .Env}}{{if eq . \"B=2\"}}{{break}}{{end}}{{.}}{{end}}", "A=1"),
            ("a  {{- .Id -}}  b{{/* nothing */}}", "aabcb"), ("{{`raw\\n`}}{{\"t\\t\"}}", "raw\\nt\t"),
            ("{{ne .Id \"x\"}} {{le 1 1}} {{eq .Count 1 2 3}}", "true true true"),
            ("{{(index .Mounts 0).Name}}", "v"), ("{{with $y := .Id}}{{$y}}{{end}}", "abc"),
        ])
    func control(template: String, text: String) throws {
        #expect(try render(template) == text)
    }

    @Test(
        "errors name the place",
        arguments: [
            ("{{.Nmae}}", "template: line 1, column 3: .Nmae: there is no field \"Nmae\"; did you mean .Name?"),
            ("ab\n {{.State.Foo.Bar}}", "template: line 2, column 4: .State.Foo: there is no field \"Foo\""),
            ("{{jsno .}}", "template: line 1, column 3: function \"jsno\" not defined; did you mean json?"),
            ("{{.Name", "template: line 1, column 1: unclosed action: {{ without }}"),
            ("{{if .On}}x", "template: line 1, column 1: {{if}} without {{end}}"),
            ("x{{end}}", "template: line 1, column 2: unexpected {{end}}"),
            ("{{$x}}", "template: line 1, column 3: undefined variable \"$x\""),
            ("{{.Name.Foo}}", "template: line 1, column 3: .Name.Foo: can't take \"Foo\" from /web"),
            ("{{index .Env 9}}", "template: line 1, column 3: error calling index: index out of range: 9"),
            ("{{\"abc}}", "template: line 1, column 3: unterminated string"),
            ("{{.Name \"x\"}}", "template: line 1, column 3: .Name takes no arguments"),
            ("{{}}", "template: line 1, column 3: missing value"),
            ("{{template \"x\"}}", "template: line 1, column 1: {{template}} is not supported"),
        ])
    func errors(template: String, message: String) {
        let error = #expect(throws: TemplateError.self) { try render(template) }
        #expect(error?.description == message)
    }

    @Test("never crash, whatever is typed") func noise() {
        let pieces = [
            "{{", "}}", ".", "$", "x", "if ", "end", "range ", "else", "|", "(", ")", ":=", "\"", "`", " ", "-",
            "json ", ",",
            "1", "=", "\n", "/*", "*/", ".Name", "printf ",
        ]
        var state: UInt64 = 7
        for _ in 0..<3000 {
            var text = ""
            for _ in 0..<Int(state >> 60) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += pieces[Int(state >> 33) % pieces.count]
            }
            state = state &* 6_364_136_223_846_793_005 &+ 1
            _ = try? render(text)
        }
    }
}

@Suite("lists")
struct ListingTests {
    private let listing = Listing(
        headers: [("ID", "CONTAINER ID"), ("Names", "NAMES"), ("Labels", "LABELS")], table: "{{.ID}}\t{{.Names}}",
        rows: [
            .init(fields: ["Names": "a-long-name", "ID": "1", "Labels": "k=v"], labels: ["com.k-x": "v"]),
            .init(fields: ["Names": "b", "ID": "22222222222222", "Labels": ""]),
        ])

    @Test("are tables with columns as docker lays them out") func table() throws {
        #expect(
            try listing.text(format: nil) == """
                CONTAINER ID     NAMES
                1                a-long-name
                22222222222222   b

                """)
    }

    @Test(
        "take formats",
        arguments: [
            ("{{.ID}}:{{.Names}}", "1:a-long-name\n22222222222222:b\n"),
            ("{{.ID}}\\t{{.Label \"com.k-x\"}}", "1\tv\n22222222222222\t\n"),
            ("table {{.Names}}\\t{{.Label \"com.k-x\"}}", "NAMES         k x\na-long-name   v\nb             \n"),
            (
                "json",
                "{\"ID\":\"1\",\"Labels\":\"k=v\",\"Names\":\"a-long-name\"}\n{\"ID\":\"22222222222222\",\"Labels\":\"\",\"Names\":\"b\"}\n"
            ),
        ])
    func formats(format: String, text: String) throws {
        #expect(try listing.text(format: format) == text)
    }

    @Test("columns are at least ten wide and end where a line has none") func tabs() {
        #expect(
            TabWriter().aligned("a\tb\tc\nlonger-than-ten\tx\n\nz\tq\n") == """
                a                 b         c
                longer-than-ten   x

                z         q

                """)
    }
}

@Suite("quantities")
struct QuantitiesTests {
    @Test(
        arguments: [
            (0, "0B"), (999, "999B"), (1000, "1kB"), (1913, "1.91kB"), (1_981_000, "1.98MB"), (123_456_789, "123MB"),
            (5e9, "5GB"),
        ] as [(Double, String)])
    func decimal(bytes: Double, text: String) { #expect(Human.size(bytes) == text) }

    @Test(arguments: [(0, "0B"), (831_488, "812KiB"), (25_276_000_000, "23.54GiB")] as [(Double, String)])
    func binary(bytes: Double, text: String) { #expect(Human.binarySize(bytes) == text) }

    @Test(
        arguments: [("512", 512), ("64k", 65536), ("1.5g", 1_610_612_736), ("10MiB", 10_485_760), ("2KB", 2048)]
            as [(String, Int64)])
    func bytes(text: String, bytes: Int64) throws { #expect(try parsedBytes(text) == bytes) }

    @Test(arguments: ["", "x", "1q", "-1", "1e30g", "k"])
    func noBytes(text: String) { #expect(throws: FlagError.self) { try parsedBytes(text) } }

    @Test(
        arguments: [
            ("1m30s", 90_000_000_000), ("300ms", 300_000_000), ("1.5h", 5_400_000_000_000), ("0", 0),
            ("-1s", -1_000_000_000),
        ]
            as [(String, Int64)])
    func durations(text: String, nanoseconds: Int64) throws { #expect(try parsedDuration(text) == nanoseconds) }

    @Test(arguments: ["", "5", "s", "1x"])
    func noDurations(text: String) { #expect(throws: FlagError.self) { try parsedDuration(text) } }

    @Test("moments become seconds, and text that is none stays as it is") func moments() {
        let now = Timestamp(seconds: 1000, nanosecond: 5)
        #expect(Timestamp.filter("10s", now: now) == "990.000000005")
        #expect(Timestamp.filter("1700000000", now: now) == "1700000000.000000000")
        #expect(Timestamp.filter("2026-11-21T09:53:04.5Z", now: now) == "1795254784.500000000")
        #expect(Timestamp.filter("yesterday", now: now) == "yesterday")
        #expect(Timestamp(seconds: 700).ago(now: now) == "5 minutes ago")
    }

    @Test("commands are quoted and shortened") func quoting() {
        #expect(Human.quoted("sh -c \"a\\b\"\n") == #""sh -c \"a\\b\"\n""#)
        #expect(Human.shortened("sh -c 'while :; do echo'", 20) == "sh -c 'while :; do …")
    }
}

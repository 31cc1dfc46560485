import Engine
import Testing

@testable import EngineAPI

@Suite struct QueryTests {
    @Test("flags are read as dockerd reads them") func flags() {
        let query = Query("a=1&b=true&c=0&d=False&e=&f=no&g=none&h=yes")
        #expect(["a", "b", "h"].allSatisfy { query.flag($0) })
        #expect(!["c", "d", "e", "f", "g", "missing"].contains { query.flag($0) })
        #expect(query.flag("missing", default: true) && !query.flag("c", default: true))
    }

    @Test("percent signs and pluses are undone, broken ones stay") func escapes() {
        #expect(Query("a=b%20c+d%2Fe")["a"] == "b c d/e")
        #expect(Query("a=100%&b=%zz&c=%4")["a"] == "100%")
        #expect(Query("a=100%&b=%zz&c=%4")["b"] == "%zz")
        #expect(Query("a=%C3%A4")["a"] == "ä")
        #expect(PathElement.unescaped("a%2Fb+c") == "a/b+c")
    }

    @Test("a parameter may come more than once") func repeated() {
        #expect(Query("names=a&names=b&names=").all("names") == ["a", "b"])
    }

    @Test("filters come in two forms") func filters() throws {
        let list = try Query("filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D").filters()
        #expect(list["label"] == ["a=b"])
        let set = try Query(#"filters={"status":{"exited":true,"dead":true},"name":{"x":false}}"#).filters()
        #expect(set["status"].sorted() == ["dead", "exited"])
        #expect(set["name"].isEmpty)
        #expect(try Query("").filters().isEmpty)
    }

    @Test("what is no filter is refused", arguments: ["[]", "{", #"{"a":1}"#, #"{"a":[1]}"#, "x"])
    func badFilters(text: String) {
        #expect(throws: EngineError.self) { try Query("filters=\(text)").filters() }
    }

    @Test("numbers and times must be some") func numbers() throws {
        #expect(try Query("t=10").int("t") == 10)
        #expect(try Query("t=").int("t") == nil)
        #expect(throws: EngineError.self) { try Query("t=ten").int("t") }
        #expect(try Query("since=1.5").time("since") == Timestamp(nanoseconds: 1_500_000_000))
        #expect(try Query("since=0").time("since") == nil)
        #expect(throws: EngineError.self) { try Query("since=yesterday").time("since") }
        #expect(throws: EngineError.self) { try TerminalSize(Query("h=10")) }
        #expect(throws: EngineError.self) { try TerminalSize(Query("h=10&w=-1")) }
        #expect(try TerminalSize(Query("h=10&w=20")).columns == 20)
    }
}

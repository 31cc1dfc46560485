internal import Engine
internal import HTTPKit
internal import Hummingbird
internal import Logging

/// What a route knows besides the request.
struct EngineContext: RequestContext {
    struct Source: RequestContextSource {
        var request: RequestSource
        var version: APIVersion
        var logger: Logger { request.logger }
    }

    var coreContext: CoreRequestContextStorage
    let source: RequestSource
    let version: APIVersion

    init(source: Source) {
        coreContext = .init(source: source)
        self.source = source.request
        version = source.version
    }

    /// A name out of the path, such as a container's.
    func name(_ parameter: String = "name") throws(EngineError) -> String {
        guard let raw = parameters.get(parameter) else { throw .invalid("no \(parameter) in the path") }
        return PathElement.unescaped(raw)
    }
}

/// One element of a path.
enum PathElement {
    /// Undoes percent signs; here a plus is a plus.
    static func unescaped(_ text: String) -> String {
        text.split(separator: "+", omittingEmptySubsequences: false).map { Query.unescaped($0) }.joined(separator: "+")
    }
}

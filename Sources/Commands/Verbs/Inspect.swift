internal import DockerClient
internal import JSON

/// The kinds of objects that can be looked at.
enum ObjectKind: String, CaseIterable {
    case container
    case image
    case network
    case volume

    func path(_ name: String) -> String {
        switch self {
        case .container: Verbs.path("containers", name, "json")
        case .image: Verbs.path("images", name, "json")
        case .network: Verbs.path("networks", name)
        case .volume: Verbs.path("volumes", name)
        }
    }
}

/// What every `inspect` does.
struct Inspection {
    var format: String?
    var withSize = false
    /// Tried in this order.
    var kinds = ObjectKind.allCases
    /// What a missing object is called.
    var noun = "object"
    var names: [String] = []

    static var formatFlag: Flag<Inspection> {
        .text("format", short: "f", "Format output using a custom template: 'json', or a Go TEMPLATE", \.format)
    }

    /// Prints all that are there, then complains about those that are not.
    func run(_ session: Session) throws(Failure) {
        let template = try format.flatMap { (text) throws(Failure) in text == "json" ? nil : try Listing.template(text)
        }
        var found: [JSONValue] = []
        var complaints: [String] = []
        for name in names {
            do throws(Failure) {
                let object = try look(name, session)
                if let template {
                    let text = try Listing.running { () throws(TemplateError) in try template.execute(on: object) }
                    try session.say(text)
                } else {
                    found.append(object)
                }
            } catch {
                if case .client(.unreachable) = error { throw error }
                complaints.append(error.text ?? "")
            }
        }
        if template == nil {
            try session.say(format == "json" ? "\(JSONValue.array(found))" : IndentedJSON.text(.array(found)))
        }
        for complaint in complaints { session.complain("pouch: \(complaint)") }
        if !complaints.isEmpty { throw .exit(1) }
    }

    private func look(_ name: String, _ session: Session) throws(Failure) -> JSONValue {
        for kind in kinds {
            var query = Query()
            query.add("size", withSize && kind == .container)
            do throws(ClientError) {
                return try session.client.get(kind.path(name), query).json()
            } catch {
                guard error.status == 404 else { throw .client(error) }
            }
        }
        if kinds == [.image] { throw .message(ImageHint.text(for: name, session)) }
        throw .message("no such \(noun): \(name)")
    }
}

/// What `pouch inspect` does.
struct Inspect: Verb {
    static let usage = Usage(
        name: "inspect", synopsis: "NAME|ID [NAME|ID...]", summary: "Return low-level information on Pouch objects",
        operands: Usage.atLeast(1), completes: .containers)

    var inspection = Inspection()

    static var flags: [Flag<Inspect>] {
        [
            Inspection.formatFlag.lifted(\.inspection),
            .toggle(
                "size", short: "s", "Display total file sizes if the type is container", \.inspection.withSize),
            Flag(long: "type", placeholder: "string", help: "Only inspect objects of the given type") {
                (verb, text) throws(FlagError) in
                guard let kind = ObjectKind(rawValue: text) else {
                    throw FlagError(reason: "expected container, image, network or volume")
                }
                (verb.inspection.kinds, verb.inspection.noun) = ([kind], text)
            }.completing(.choices(ObjectKind.allCases.map(\.rawValue))),
        ]
    }

    mutating func take(_ operands: [String]) { inspection.names = operands }
    func run(_ session: Session) throws(Failure) { try inspection.run(session) }
}

/// What `pouch container inspect` does.
struct InspectContainer: Verb {
    static let usage = Usage(
        name: "inspect", synopsis: "CONTAINER [CONTAINER...]",
        summary: "Display detailed information on one or more containers", operands: Usage.atLeast(1),
        completes: .containers)

    var inspection = Inspection(kinds: [.container], noun: "container")

    static var flags: [Flag<InspectContainer>] {
        [
            Inspection.formatFlag.lifted(\.inspection),
            .toggle("size", short: "s", "Display total file sizes", \.inspection.withSize),
        ]
    }

    mutating func take(_ operands: [String]) { inspection.names = operands }
    func run(_ session: Session) throws(Failure) { try inspection.run(session) }
}

/// What `pouch image inspect` does.
struct InspectImage: Verb {
    static let usage = Usage(
        name: "inspect", synopsis: "IMAGE [IMAGE...]", summary: "Display detailed information on one or more images",
        operands: Usage.atLeast(1), completes: .images)

    var inspection = Inspection(kinds: [.image], noun: "image")

    static var flags: [Flag<InspectImage>] { [Inspection.formatFlag.lifted(\.inspection)] }
    mutating func take(_ operands: [String]) { inspection.names = operands }
    func run(_ session: Session) throws(Failure) { try inspection.run(session) }
}

/// What `pouch network inspect` does.
struct InspectNetwork: Verb {
    static let usage = Usage(
        name: "inspect", synopsis: "NETWORK [NETWORK...]",
        summary: "Display detailed information on one or more networks", operands: Usage.atLeast(1),
        completes: .networks)

    var inspection = Inspection(kinds: [.network], noun: "network")

    static var flags: [Flag<InspectNetwork>] { [Inspection.formatFlag.lifted(\.inspection)] }
    mutating func take(_ operands: [String]) { inspection.names = operands }
    func run(_ session: Session) throws(Failure) { try inspection.run(session) }
}

/// What `pouch volume inspect` does.
struct InspectVolume: Verb {
    static let usage = Usage(
        name: "inspect", synopsis: "VOLUME [VOLUME...]",
        summary: "Display detailed information on one or more volumes", operands: Usage.atLeast(1),
        completes: .volumes)

    var inspection = Inspection(kinds: [.volume], noun: "volume")

    static var flags: [Flag<InspectVolume>] { [Inspection.formatFlag.lifted(\.inspection)] }
    mutating func take(_ operands: [String]) { inspection.names = operands }
    func run(_ session: Session) throws(Failure) { try inspection.run(session) }
}

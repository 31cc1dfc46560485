internal import ImageSpec

/// The layers of images on their way here, by the names they will have.
struct ArrivingImages {
    /// Of each name one list for each pull, the latest at the end.
    private var pulls: [String: [[Digest]]] = [:]

    /// Empty when nobody pulls the name.
    func layers(of name: String) -> [Digest] { pulls[name]?.last ?? [] }

    mutating func begin(_ name: String, _ layers: [Digest]) { pulls[name, default: []].append(layers) }

    /// One of the pulls of that name with those layers is over.
    mutating func end(_ name: String, _ layers: [Digest]) {
        guard let place = pulls[name]?.firstIndex(of: layers) else { return }
        pulls[name]?.remove(at: place)
        if pulls[name]?.isEmpty == true { pulls[name] = nil }
    }
}

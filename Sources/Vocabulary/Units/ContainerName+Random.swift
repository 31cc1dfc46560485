extension ContainerName {
    /// A name that is easy to say, such as `quiet_otter`.
    ///
    /// After some tries a caller that finds the name taken asks for one with a `number`, `quiet_otter7`.
    package static func random(
        number: Int? = nil, using source: inout some RandomNumberGenerator
    ) -> ContainerName {
        let adjective = adjectives[Int.random(in: 0..<adjectives.count, using: &source)]
        let noun = nouns[Int.random(in: 0..<nouns.count, using: &source)]
        return ContainerName(checked: "\(adjective)_\(noun)\(number.map { String($0) } ?? "")")
    }

    private static let adjectives = words(
        """
        able agile airy amber ample apt ardent azure bold brave breezy bright brisk busy calm candid careful
        cheerful civil clear clever cool cosy crisp curious daring deft eager early earnest easy even fair fast
        fleet fond frank free fresh gentle glad golden good grand happy hardy hearty honest humble jolly keen kind
        lively loyal lucid lucky mellow merry mild neat nimble noble open patient plucky polite proud quick quiet
        rapid ready robust rosy serene sharp shiny silver sincere sleek smart snug sober solid spry steady still
        stout sunny sure swift tidy tranquil true upbeat vivid warm wise witty young zesty
        """)

    private static let nouns = words(
        """
        acorn alder anchor aspen badger bamboo beacon beaver birch bison brook canyon cedar cherry clover cobble
        comet condor coral cove cricket cypress dale daisy delta dolphin dune eagle elm ember falcon fern finch
        fjord fox gannet garnet gecko glacier grove harbor hare hazel heron hill ibex iris island ivy jasper juniper
        kestrel kite koala lagoon lake lantern larch lark lemur lichen linden lotus lynx magnolia maple marlin
        marten meadow mesa moose nebula newt oak oasis ocelot opal orchid otter owl panda pebble pelican pine plover
        pond poplar puffin quail quartz raven reef ridge river robin saffron sage salmon sequoia sparrow spruce
        stork summit swan tern thistle tiger topaz tulip tundra valley walnut wave willow wombat wren yarrow yew
        zebra
        """)

    private static func words(_ text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map { String($0) }
    }
}

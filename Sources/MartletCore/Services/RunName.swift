/// Names for runs that were given none.
package enum RunName {
    private static let adjectives = [
        "amber", "bold", "brave", "bright", "calm", "clever", "crisp", "eager", "fair", "fleet", "gentle", "glad",
        "golden", "grand", "handy", "happy", "keen", "kind", "light", "lively", "lucky", "merry", "mild", "neat",
        "nimble", "noble", "patient", "plain", "polite", "proud", "quick", "quiet", "rapid", "rare", "ready", "sharp",
        "silent", "smart", "smooth", "spry", "steady", "still", "stout", "sunny", "swift", "tidy", "true", "upbeat",
        "vivid", "warm", "wise", "witty", "young", "zesty",
    ]
    private static let nouns = [
        "auk", "bittern", "bluetit", "bunting", "crane", "crow", "curlew", "dipper", "dove", "duck", "dunlin", "egret",
        "eider", "falcon", "finch", "gannet", "goose", "grebe", "gull", "harrier", "hawk", "heron", "hoopoe", "ibis",
        "jay", "kestrel", "kite", "knot", "lark", "linnet", "magpie", "martin", "merlin", "nightjar", "osprey", "ouzel",
        "owl", "petrel", "pipit", "plover", "quail", "raven", "redstart", "robin", "rook", "sandpiper", "shrike",
        "siskin", "snipe", "starling", "stork", "swallow", "swan", "swift", "teal", "tern", "thrush", "wagtail",
        "warbler", "wren",
    ]

    /// A name such as `clever-finch-417`, the same for the same id.
    package static func generated(from id: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let adjective = adjectives[Int(hash % UInt64(adjectives.count))]
        let noun = nouns[Int((hash >> 16) % UInt64(nouns.count))]
        return "\(adjective)-\(noun)-\((hash >> 40) % 1_000)"
    }
}

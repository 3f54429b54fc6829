import MartletCore
import Testing

@Suite("What names may look like")
struct RulesTests {
    @Test(
        "keys that MLflow takes are legal",
        arguments: ["loss", "val/loss", "a.b", "a b", "a:b", "-", "_", "a/...b", "größe", "精度", "a/.b"]
    )
    func legalKeys(key: String) {
        #expect(Rules.isWellFormed(key))
    }

    @Test(
        "keys that lead elsewhere, are empty, too long or hold odd characters are not",
        arguments: [
            "", "/a", "a/", "...", "..a/b", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\\b", "a\u{0}", "a\nb",
            "a#b", "a?b",
            String(repeating: "k", count: 251),
        ]
    )
    func illegalKeys(key: String) {
        #expect(!Rules.isWellFormed(key))
    }

    @Test("a key of 250 characters is legal, whatever their width")
    func longestKey() {
        #expect(Rules.isWellFormed(String(repeating: "k", count: 250)))
        #expect(Rules.isWellFormed(String(repeating: "ü", count: 250)))
        #expect(!Rules.isWellFormed(String(repeating: "ü", count: 251)))
    }

    @Test("U+0000 is refused in every text")
    func zero() {
        #expect(throws: MartletError.self) { try Rules.checkParam(Param(key: "a", value: "b\u{0}c")) }
        #expect(throws: MartletError.self) { try Rules.checkTag(Tag(key: "a", value: "\u{0}")) }
        #expect(throws: MartletError.self) { try Rules.checkExperimentName("a\u{0}") }
    }

    @Test(
        "paths that leave the folder are refused, however they are written",
        arguments: [
            "/etc/passwd", "../a", "a/../b", "a/..", "%2e%2e/a", "%252e%252e%252fa", "a\\b", "C:/x", "c:\\x", "a\u{0}b",
            "a%00b", "\u{FF0E}\u{FF0E}/a", "a\u{FF0F}..\u{FF0F}b", "./a", "~/a", "a//b", "a\nb",
            String(repeating: "a/", count: 3_000) + "a",
        ]
    )
    func hostilePaths(path: String) {
        #expect(throws: MartletError.self) { _ = try ArtifactPath(path) }
    }

    @Test(
        "odd but harmless paths are kept as they are",
        arguments: ["a", "a/b.txt", "a b/c d", "50%.txt", "größe/模型.bin", "a/..b", "...", "a…b", "run:y/z", "a#b", "~"]
    )
    func harmlessPaths(path: String) throws {
        #expect(try ArtifactPath(path).description == path)
    }

    @Test("a trailing slash is dropped and the empty path is the root")
    func roots() throws {
        #expect(try ArtifactPath("a/b/").description == "a/b")
        #expect(try ArtifactPath("").isRoot)
    }

    @Test("the goal is inferred from the names of metrics")
    func goals() {
        #expect(
            Goal.inferred(from: ["train/loss", "val/loss", "val/acc", "lr"])
                == Goal(metric: "val/acc", direction: .maximize, isInferred: true)
        )
        #expect(
            Goal.inferred(from: ["epoch", "val_loss", "loss"])
                == Goal(metric: "val_loss", direction: .minimize, isInferred: true)
        )
        #expect(Goal.inferred(from: []) == nil)
        #expect(Goal.inferred(from: ["_runtime", "a", "system.cpu"])?.metric == "a")
        #expect(Goal.inferred(from: ["_runtime", "_timestamp", "system.gpu.0.gpu", "system/cpu"]) == nil)
    }
}

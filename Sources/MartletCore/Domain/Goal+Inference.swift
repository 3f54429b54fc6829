import Foundation

extension Goal {
    /// The metric that most likely judges the runs: validation before test before training before the rest,
    /// an accuracy-like metric before a loss; `nil` without metrics. What the machine reports and what a client counts
    /// for itself (`_runtime`) judges nothing.
    public static func inferred(from keys: [String]) -> Goal? {
        let candidates = keys.filter { key in !["system/", "system.", "_"].contains { key.hasPrefix($0) } }
        let best = candidates.min { left, right in
            let ranks = (rank(of: left), rank(of: right))
            return ranks.0 == ranks.1 ? left < right : ranks.0 < ranks.1
        }
        guard let best else { return nil }
        return Goal(metric: best, direction: direction(of: best), isInferred: true)
    }

    /// Which end of a metric is the better one, read from its name.
    public static func direction(of key: String) -> Direction {
        let smaller: Set<String> = [
            "loss", "err", "error", "errors", "rmse", "mse", "mae", "mape", "msle", "perplexity", "ppl", "nll", "bpc",
            "wer", "cer", "fid", "ece", "brier", "latency", "time", "seconds", "duration", "deviance", "rmsle",
        ]
        let words = words(of: key)
        if words.contains(where: smaller.contains) || words.contains(where: { $0.hasSuffix("loss") }) {
            return .minimize
        }
        return .maximize
    }

    private static func words(of key: String) -> [String] {
        key.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }

    private static func rank(of key: String) -> Int {
        let words = words(of: key)
        let validation = ["val", "valid", "validation", "eval", "dev"]
        let quality: Set<String> = [
            "acc", "accuracy", "f1", "auc", "auroc", "map", "miou", "iou", "bleu", "rouge", "score", "r2", "reward",
            "precision", "recall", "psnr", "ssim", "dice",
        ]
        var rank = 2_000
        if words.contains(where: validation.contains) {
            rank = 0
        } else if words.contains("test") {
            rank = 1_000
        } else if words.contains("train") || words.contains("training") {
            rank = 3_000
        }
        if words.contains(where: quality.contains) || words.contains(where: { $0.hasSuffix("accuracy") }) {
            return rank
        }
        if direction(of: key) == .minimize, words.contains(where: { $0.hasSuffix("loss") }) { return rank + 100 }
        if ["epoch", "step", "lr", "rate", "grad", "norm", "time", "memory", "gpu", "cpu"].contains(
            where: words.contains
        ) {
            return rank + 10_000
        }
        return rank + 200
    }
}

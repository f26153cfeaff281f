namespace Sharpformer.Transformer.Training;

/// <summary>
/// Keys that published <c>config.json</c> files have beside a model's shape: how it was made and used, and what was shared by all models
/// of the program that wrote them. A new model of the same shape needs none, so who pastes such a file need not prune it.
/// </summary>
internal static class PublishedKeys
{
    private static readonly HashSet<string> All =
    [
        // Who it is.
        "architectures", "_name_or_path", "name_or_path", "transformers_version", "torch_dtype", "dtype", "tokenizer_class", "auto_map",
        "tokenizer_prefix_space", "_commit_hash",

        // How it was trained: the settings of a run say so here.
        "initializer_range", "attn_pdrop", "embd_pdrop", "resid_pdrop", "attention_dropout", "embed_dropout", "resid_dropout",
        "classifier_dropout", "gradient_checkpointing",

        // Tokens that its tokenizer says.
        "bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "decoder_start_token_id", "bad_words_ids",

        // The same again, or of use to other kinds of models only.
        "n_ctx", "rotary", "use_cache", "reorder_and_upcast_attn", "add_cross_attention", "cross_attention_hidden_size", "is_decoder",
        "is_encoder_decoder", "tie_encoder_decoder", "pruned_heads", "chunk_size_feed_forward", "finetuning_task", "problem_type",
        "id2label", "label2id", "num_labels", "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type",
        "summary_use_proj", "predict_special_tokens", "task_specific_params",

        // What is put out, and how a text goes on.
        "output_attentions", "output_hidden_states", "output_past", "output_scores", "return_dict", "return_dict_in_generate",
        "torchscript", "use_bfloat16", "tf_legacy_loss", "prefix", "max_length", "min_length", "do_sample", "early_stopping", "num_beams",
        "num_beam_groups", "num_return_sequences", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p",
        "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "forced_bos_token_id",
        "forced_eos_token_id", "remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens",
    ];

    /// <summary>Whether a key is one of them.</summary>
    public static bool Has(string key) => All.Contains(key);
}

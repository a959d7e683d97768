// Turns preprocessed CUDA C++ into C++ that the device headers complete. Four things C++ cannot say are rewritten: __shared__ declarations,
// extern __shared__ arrays, __launch_bounds__ and inline PTX. A tokenizer does it, no parser; lines stay where they were.
#pragma once
#include <string>
#include <vector>

struct KernelEntry { std::string name, bound; bool is_template; };

class Rewriter {
public:
    explicit Rewriter(const std::string& source) : in(source) {}
    void run();
    std::string out, errors;
    std::vector<KernelEntry> kernels;

private:
    const std::string in;
    size_t at = 0;
    int line = 1;
    std::string file = "?";

    void fail(const std::string& message);
    size_t skip_space(size_t from) const;
    size_t read_word(size_t from, std::string& word) const;
    size_t skip_literal(size_t from) const;
    size_t matching(size_t open) const;
    void replace(const std::string& text, size_t from, size_t to);

    void line_marker();
    bool keyword(const std::string& word, size_t begin, size_t end);
    void shared_declaration(size_t begin, bool dynamic);
    void kernel_signature(size_t end, bool is_template);
    bool inline_ptx(size_t begin, size_t end);
    std::string ptx_call(const std::string& statement, const std::vector<std::string>& operands);
};

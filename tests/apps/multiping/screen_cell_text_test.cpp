// Checks that text for cells takes just its columns, and that untrusted names cannot move the cursor.
#include "apps/multiping/screen_cell_text.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(screen_cell_text_test)

namespace {

using namespace multiping::command;

constexpr CharacterSet utf8{.utf8 = true}, ascii{.utf8 = false};

}  // namespace

BOOST_AUTO_TEST_CASE(controls_and_broken_bytes_become_question_marks) {
  BOOST_TEST(cell_text("a\033[2Jb\n\x7f", utf8) == "a?[2Jb??");
  BOOST_TEST(cell_text("\xc2\x9b", utf8) == "?");             // U+009B, a control character
  BOOST_TEST(cell_text("\xff\xc3_", utf8) == "??_");          // no UTF-8
  BOOST_TEST(cell_text("\xe0\x80\x80", utf8) == "???");       // longer than needed
  BOOST_TEST(cell_text("\xed\xa0\x80", utf8) == "???");       // half of a surrogate pair
  BOOST_TEST(cell_text("\xf5\x80\x80\x80", utf8) == "????");  // above U+10FFFF
  BOOST_TEST(cell_text("\xe2\x82", utf8) == "??");            // cut off
}

BOOST_AUTO_TEST_CASE(marks_of_direction_are_left_out) {
  BOOST_TEST(cell_text("a\u202eb\u200bc\u2066d", utf8) == "abcd");
}

BOOST_AUTO_TEST_CASE(other_characters_stay_where_the_locale_has_them) {
  BOOST_TEST(cell_text("bücher.example", utf8) == "bücher.example");
  BOOST_TEST(cell_text("bücher.example", ascii) == "b?cher.example");
}

BOOST_AUTO_TEST_CASE(wide_characters_take_two_columns) {
  BOOST_TEST(columns_of("abc") == 3U);
  BOOST_TEST(columns_of("ü") == 1U);
  BOOST_TEST(columns_of("例え") == 4U);
  BOOST_TEST(columns_of("") == 0U);
}

BOOST_AUTO_TEST_CASE(text_is_filled_or_cut_to_the_width) {
  BOOST_TEST(fit_left("ab", 4, utf8) == "ab  ");
  BOOST_TEST(fit_right("ab", 4, utf8) == "  ab");
  BOOST_TEST(fit_left("abcdef", 4, utf8) == "abc…");
  BOOST_TEST(fit_left("abcdef", 4, ascii) == "abc~");
  BOOST_TEST(fit_left("abcd", 4, utf8) == "abcd");
  BOOST_TEST(fit_left("abc", 0, utf8) == "");
}

BOOST_AUTO_TEST_CASE(a_wide_character_is_never_cut_in_half) {
  const std::string cut = fit_left("例え例", 4, utf8);  // 6 columns
  BOOST_TEST(cut == "例… ");
  BOOST_TEST(columns_of(cut) == 4U);
}

BOOST_AUTO_TEST_CASE(bars_have_eighths_or_whole_columns) {
  BOOST_TEST(bar_text(17, utf8) == "██▏");
  BOOST_TEST(bar_text(0, utf8) == "");
  BOOST_TEST(bar_text(17, ascii) == "##");
  BOOST_TEST(bar_text(20, ascii) == "###");
  BOOST_TEST(level_text(8, utf8) == "█");
  BOOST_TEST(level_text(99, utf8) == "█");
  BOOST_TEST(level_text(1, ascii) == "_");
}

BOOST_AUTO_TEST_SUITE_END()

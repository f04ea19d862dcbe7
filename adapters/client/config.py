"""The model of `client.yaml`: what a client's files look like and which columns of the language they fill."""

from __future__ import annotations

import codecs
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from adapters.client.dates import date_format
from adapters.client.file_names import name_pattern

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "ascii", "latin-1", "cp1250", "cp1252", "iso-8859-15", "cp437", "cp850")
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}


def _dashed(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _separator(value: Any) -> Any:
    return SEPARATORS.get(value, value) if isinstance(value, str) else value


def _date_format(text: str) -> str:
    date_format(text)
    return text


def _name_pattern(text: str) -> str:
    name_pattern(text)
    return text


def _encoding(text: str) -> str:
    name = text.lower().replace("_", "-")
    if name not in ENCODINGS:
        raise ValueError(f"`{text}` is not one of {', '.join(ENCODINGS)}")
    return codecs.lookup(name).name if name != "utf-8-sig" else name


Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
LanguageName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Character = Annotated[str, StringConstraints(min_length=1, max_length=1)]
OneOrMore = BeforeValidator(_listed)
DateFormatText = Annotated[str, AfterValidator(_date_format)]
FilePattern = Annotated[str, StringConstraints(min_length=1), AfterValidator(_name_pattern)]


class Section(BaseModel):
    """A part of `client.yaml`: keys with dashes, nothing unknown, never changed once read."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=_dashed)


class Spelling(Section):
    """One spelling for a text that comes in several, such as a serial number: nothing is compared before."""

    case: Literal["as is", "upper", "lower"] = "as is"
    without: Annotated[tuple[Character, ...], OneOrMore] = Field((), description="Characters left out, such as hyphens")
    prefixes: Annotated[tuple[str, ...], OneOrMore] = Field(
        (), description="Of these the first that the text then begins with is left out"
    )
    check_digit: Literal["kept", "dropped", "luhn"] = Field(
        "kept", description="Whether the last digit is left out; luhn: once it was found right"
    )
    leading_zeros: Literal["kept", "dropped"] = "kept"


class Supply(Section):
    """Where the cell of one column comes from: exactly one of a source column, a constant, several source columns
    joined, a named part of the file name, or the number of the row; then how the cell is to be read.
    """

    column: str | None = None
    constant: str | None = None
    join: Annotated[tuple[str, ...], Field(min_length=2)] | None = None
    joined_by: str = Field("-", alias="joined-by")
    file_name: str | None = None
    row_number: bool = False
    codes: Word | None = Field(None, description="A code map of the feed that translates the cell")
    format: Annotated[tuple[DateFormatText, ...], OneOrMore] | None = Field(
        None, description="Date format, where it is not the feed's"
    )
    sign: Literal["as is", "flip", "absolute"] = "as is"
    negative: Literal["refused", "allowed"] = Field("refused", description="Whether a quantity may be below zero")
    percent: bool = Field(False, description="Whether the number is a percentage, with or without its sign")
    spelling: Spelling | None = Field(None, description="How a text is brought into one spelling")
    first_day_in: Word | None = Field(None, description="Calendar: of FY2026-P01 or FY2026-W05 the first day is taken")
    last_day_in: Word | None = Field(None, description="Calendar: of FY2026-P01 or FY2026-W05 the last day is taken")
    unit: Supply | None = Field(None, description="Unit that a quantity is given in, where it is not units")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = (self.column, self.constant, self.join, self.file_name, self.row_number or None)
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("give exactly one of column, constant, join, file-name, row-number")
        if self.first_day_in is not None and self.last_day_in is not None:
            raise ValueError("give one of first-day-in, last-day-in")
        return self

    @property
    def calendar(self) -> str | None:
        """The calendar in which the cell names a period or week."""
        return self.first_day_in or self.last_day_in

    @property
    def source_columns(self) -> tuple[str, ...]:
        """The columns of the file that the cell is made of."""
        own = self.join or ((self.column,) if self.column is not None else ())
        return (*own, *(self.unit.source_columns if self.unit is not None else ()))

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        section = handler(core)
        return {"anyOf": [{"type": "string", "description": "A column of the file"}, section]}


class Condition(Section):
    """A test of one source column: its codes, or the sign of its number."""

    column: str
    is_: Annotated[tuple[str, ...], OneOrMore] | None = None
    is_not: Annotated[tuple[str, ...], OneOrMore] | None = None
    sign: Literal["positive", "negative", "zero", "not zero"] | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if sum(test is not None for test in (self.is_, self.is_not, self.sign)) != 1:
            raise ValueError("give exactly one of is, is-not, sign")
        return self


class Trailer(Section):
    """The last row of a file, known by a text in one column, with totals that must agree with the rows above it."""

    column: str
    text: str
    columns: tuple[str, ...] | None = Field(None, description="Names of the trailer's own cells, where they differ")
    totals: Annotated[tuple[str, ...], OneOrMore] = Field(
        (), description="Columns whose cell in the trailer is the sum of the column"
    )
    rows: str | None = Field(None, description="Column whose cell in the trailer counts the rows")


class Delimited(Section):
    """How the text of a file is cut into cells, and how its numbers and dates are written."""

    separator: Annotated[Character, BeforeValidator(_separator)]
    encoding: Annotated[str, AfterValidator(_encoding)]
    quote: Character | Literal["none"] = '"'
    escape: Character | Literal["doubled"] = "doubled"
    columns: Annotated[tuple[str, ...], Field(min_length=1, max_length=2000)] | None = Field(
        None, description="Column names of a file without a header line"
    )
    skip_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    line_breaks_in_cells: bool = False
    spaces: Literal["keep", "trim"] = "keep"
    missing: tuple[str, ...] = Field((), description="Texts that mean: no value; the empty cell always does")
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'"] | None = None
    negative: Literal["leading minus", "trailing minus", "brackets"] = "leading minus"
    dates: Annotated[tuple[DateFormatText, ...], OneOrMore] = ("YYYY-MM-DD",)
    trailer: Trailer | None = None

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if self.thousands == self.decimal:
            raise ValueError("decimal and thousands separator are the same character")
        if self.separator == self.quote:
            raise ValueError("separator and quote are the same character")
        if self.separator in "\r\n":
            raise ValueError("a line end cannot separate cells")
        if self.quote == "none" and self.line_breaks_in_cells:
            raise ValueError("line-breaks-in-cells needs a quote")
        if self.escape not in ("doubled", "\\", "^", "~"):
            raise ValueError("escape is doubled, or one of \\ ^ ~")
        return self


class Fill(Section):
    """A register or kind of the language that rows of a feed fill, and each of its columns' supply."""

    record: Word
    when: Annotated[tuple[Condition, ...], OneOrMore] = Field((), description="Which rows fill it; all, if not said")
    columns: Annotated[dict[LanguageName, Supply], Field(min_length=1)]


class Feed(Section):
    """One stream of files of one shape."""

    name: Word
    files: Annotated[tuple[FilePattern, ...], OneOrMore, Field(min_length=1)]
    delimited: Delimited
    only: Annotated[tuple[Condition, ...], OneOrMore] = Field(
        (), description="Rows that are this feed's business; others are set aside and counted"
    )
    otherwise: Literal["quarantine", "set aside"] = Field(
        "quarantine", description="What becomes of a row that fills none of the records"
    )
    codes: dict[Word, dict[str, str]] = Field({}, description="Code maps: the file's codes to the language's values")
    currency: Supply | None = Field(None, description="Currency of the row's money, where it is not the client's")
    known_at: Supply | None = Field(None, description="Day the row became known, where it is not the day of loading")
    control_total: Annotated[tuple[str, ...], OneOrMore] = Field((), description="Columns to sum and account for")
    fills: Annotated[tuple[Fill, ...], OneOrMore, Field(min_length=1)]

    @model_validator(mode="after")
    def _parts_and_codes(self) -> Self:
        parts = [set(name_pattern(pattern).parts) for pattern in self.files]
        for name, supply in self.supplies():
            for one in (supply, supply.unit):
                if one is not None and one.codes is not None and one.codes not in self.codes:
                    raise ValueError(f"`{name}` uses the code map `{one.codes}`, which the feed does not have")
            if supply.file_name is not None and not all(supply.file_name in found for found in parts):
                raise ValueError(f"`{name}` uses the part `{supply.file_name}`, which not every file pattern names")
        return self

    def supplies(self) -> list[tuple[str, Supply]]:
        """Every supply of the feed with the name of what it supplies."""
        own = [("currency", self.currency), ("known-at", self.known_at)]
        found = [(name, supply) for name, supply in own if supply is not None]
        return found + [item for fill in self.fills for item in fill.columns.items()]

    @property
    def source_columns(self) -> tuple[str, ...]:
        """Every column of the file that the feed reads, each once, in order of first mention."""
        trailer = self.delimited.trailer
        named = [column for _, supply in self.supplies() for column in supply.source_columns]
        named += [condition.column for condition in self.only]
        named += [condition.column for fill in self.fills for condition in fill.when]
        named += [*self.control_total, *(trailer.totals if trailer is not None else ())]
        return tuple(dict.fromkeys(named))


class Client(Section):
    """A client: where its rules, books and incoming files are, and what its feeds look like."""

    client: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    ruleset: Annotated[tuple[str, ...], OneOrMore, Field(min_length=1)]
    books: str = "books"
    incoming: str = "incoming"
    currency: Currency
    feeds: tuple[Feed, ...] = ()

    @field_validator("feeds")
    @classmethod
    def _named_once(cls, feeds: tuple[Feed, ...]) -> tuple[Feed, ...]:
        names = [feed.name for feed in feeds]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two feeds are named `{twice[0]}`")
        return feeds


def client_schema() -> dict[str, Any]:
    """The JSON Schema of `client.yaml`, for editors."""
    schema = Client.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "client.yaml"}
